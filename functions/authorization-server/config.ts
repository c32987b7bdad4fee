/**
 * What the stack tells this function beside what it tells every function: one JSON document in the environment. The
 * secrets are in it by name only.
 */
import { inflateRawSync } from 'node:zlib'
import * as z from 'zod/mini'
import { parseSetting } from '../shared/config.ts'
import { DEFAULT_SCOPES, GRANT_TYPES, type StaticClient } from './settings.ts'

const nonEmpty = z.string().check(z.minLength(1))
const seconds = z.int().check(z.minimum(1))

const CREDENTIALS = GRANT_TYPES[2]
const REDIRECT_RULE = 'not an https URL, nor http on a loopback address'
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Codes go there: over TLS, or not out of the machine at all (RFC 9700 section 2.6, RFC 8252 section 8.3). */
function isRedirectUri(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || url.hash !== '' || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))
}

/** What is left out is what most clients are: services. An environment holds no more than 4 KB. */
const clientSchema = z.strictObject({
  id: nonEmpty,
  /** Left out: its id. */
  name: z.optional(nonEmpty),
  public: z._default(z.boolean(), false),
  redirectUris: z._default(z.array(nonEmpty.check(z.refine(isRedirectUri, { error: REDIRECT_RULE }))), []),
  grantTypes: z._default(z.array(z.enum(GRANT_TYPES)).check(z.minLength(1)), ['client_credentials']),
  scopes: z._default(z.array(nonEmpty.check(z.regex(/^[!#-[\]-~]+$/))).check(z.minLength(1)), DEFAULT_SCOPES),
  firstParty: z._default(z.boolean(), false),
})

/** More than fits into an environment, however well it can be packed. */
const MAX_UNPACKED_BYTES = 256 * 1024

function unpacked(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    const bytes = inflateRawSync(Buffer.from(value, 'base64url'), { maxOutputLength: MAX_UNPACKED_BYTES })
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

const settings = z.strictObject({
  accessTokenSeconds: seconds,
  /** RFC 6749 section 4.1.2 recommends ten minutes at most. */
  authorizationCodeSeconds: seconds.check(z.maximum(600)),
  refreshIdleSeconds: seconds,
  refreshAbsoluteSeconds: seconds,
  /** A list, or a text that holds one: as JSON, deflated, in base64url. */
  clients: z.pipe(
    z.transform(unpacked),
    z.array(clientSchema).check(
      z.minLength(1),
      z.refine((clients) => new Set(clients.map(({ id }) => id)).size === clients.length, {
        error: 'has a client twice',
      }),
      // Whoever knows its name would get its tokens (RFC 6749 section 4.4).
      z.refine((clients) => clients.every((one) => !one.public || !one.grantTypes.includes(CREDENTIALS)), {
        error: 'has a public client with client_credentials, which has no secret to prove itself with',
      }),
    ),
  ),
  /** The secret with the signing keys; null where keys in KMS sign (`selfAuthServer.signing: kms`). */
  signingKeysSecret: z.nullable(nonEmpty),
  /**
   * Keys in KMS, by ARN, id or alias: the first signs, all are published. So a key is changed in three deployments: the
   * new one is added at the end, then moved to the front, and the old one is taken out when its tokens have died.
   */
  signingKmsKeys: z.optional(z.array(nonEmpty).check(z.minLength(1), z.maxLength(5))),
  /** The secret with the hashes of the clients' secrets; null where no client is confidential. */
  clientSecretsSecret: z.nullable(nonEmpty),
})

const schema = settings.check(
  z.refine(
    ({ signingKeysSecret, signingKmsKeys }) =>
      (signingKeysSecret === null) !== (signingKmsKeys === undefined),
    {
      path: ['signingKeysSecret'],
      error: 'has to be there, or signingKmsKeys, and not both',
    },
  ),
)

export type AuthorizationServerConfig = Omit<z.infer<typeof schema>, 'clients'> & {
  readonly clients: readonly StaticClient[]
}

/** @throws {ConfigError} with every problem listed, never with a value. */
export function parseAuthorizationServerConfig(text: string | undefined): AuthorizationServerConfig {
  const { clients, ...others } = parseSetting(schema, text, 'AUTHORIZATION_SERVER')
  return { ...others, clients: clients.map((client) => ({ ...client, name: client.name ?? client.id })) }
}
