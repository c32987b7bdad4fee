/**
 * What the stack tells this function beside what it tells every function: one JSON document in the environment. The
 * secrets are in it by name only.
 */
import * as z from 'zod/mini'
import { parseSetting } from '../shared/config.ts'
import { GRANT_TYPES } from './settings.ts'

const nonEmpty = z.string().check(z.minLength(1))
const url = nonEmpty.check(z.refine((value) => URL.canParse(value), { error: 'not a URL' }))
const seconds = z.int().check(z.minimum(1))

const clientSchema = z.strictObject({
  id: nonEmpty,
  name: nonEmpty,
  public: z.boolean(),
  redirectUris: z.array(url),
  grantTypes: z.array(z.enum(GRANT_TYPES)).check(z.minLength(1)),
  scopes: z.array(nonEmpty.check(z.regex(/^[!#-[\]-~]+$/))).check(z.minLength(1)),
  firstParty: z.boolean(),
})

const schema = z.strictObject({
  accessTokenSeconds: seconds,
  authorizationCodeSeconds: seconds,
  refreshIdleSeconds: seconds,
  refreshAbsoluteSeconds: seconds,
  clients: z.array(clientSchema).check(
    z.minLength(1),
    z.refine((clients) => new Set(clients.map(({ id }) => id)).size === clients.length, {
      error: 'has a client twice',
    }),
  ),
  /** The secret with the signing keys. */
  signingKeysSecret: nonEmpty,
  /** The secret with the hashes of the clients' secrets; null where no client is confidential. */
  clientSecretsSecret: z.nullable(nonEmpty),
})

export type AuthorizationServerConfig = z.infer<typeof schema>

/** @throws {ConfigError} with every problem listed, never with a value. */
export function parseAuthorizationServerConfig(text: string | undefined): AuthorizationServerConfig {
  return parseSetting(schema, text, 'AUTHORIZATION_SERVER')
}
