/**
 * What this deployment's own authorization server is told (`AUTHORIZATION_SERVER`), with `authServerType: Self`.
 *
 * Written twice on purpose, here as it is produced and in `functions/authorization-server/config.ts` as it is read:
 * the stack may not import runtime code. A test reads with the one what the other wrote.
 */
import { deflateRawSync } from 'node:zlib'
import type { SettingsFile } from './schema.ts'
import { GRANT_TYPES } from './schema-auth.ts'

export type GrantType = (typeof GRANT_TYPES)[number]

/** A client of the authorization server; see `functions/authorization-server/settings.ts` for each key. */
export interface Client {
  readonly id: string
  readonly name: string
  readonly public: boolean
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly scopes: readonly string[]
  readonly firstParty: boolean
}

/** Where keys and secrets are, by name or ARN; may be CloudFormation references. */
export interface AuthorizationServerSecrets {
  /** Null where keys in KMS sign. */
  readonly signingKeysSecret: string | null
  /** Keys in KMS, of which the first signs; undefined where the keys are in the secret. */
  readonly signingKmsKeys: readonly string[] | undefined
  readonly clientSecretsSecret: string
}

type StaticClient = SettingsFile['auth']['appAuth']['selfAuthServer']['staticClients'][string]

const [CODE, REFRESH, CREDENTIALS, DEVICE] = GRANT_TYPES
const DEFAULT_SCOPES = ['all', 'offline']

/** How long refresh tokens can be had from one sign-in: a week, or longer if one of them may wait for longer. */
const ABSOLUTE_REFRESH_MS = 7 * 86_400_000

/** The command line that Flyte's own clients are configured as where nothing else is said. */
export const DEFAULT_CLIENT_ID = 'flytectl'

function commandLine(id: string, name: string): Client {
  return {
    id,
    name,
    public: true,
    redirectUris: ['http://localhost:53593/callback', 'http://localhost:12345/callback'],
    grantTypes: [CODE, REFRESH, DEVICE],
    scopes: DEFAULT_SCOPES,
    firstParty: true,
  }
}

/** The clients that every Flyte deployment has. The confidential one has no secret until its operator makes one. */
const DEFAULT_CLIENTS: readonly Client[] = [
  commandLine(DEFAULT_CLIENT_ID, 'flytectl'),
  commandLine('flyte-cli', 'the Flyte command line'),
  {
    id: 'flytepropeller',
    name: 'flytepropeller',
    public: false,
    redirectUris: [],
    grantTypes: [CREDENTIALS],
    scopes: DEFAULT_SCOPES,
    firstParty: true,
  },
]

/** The id that a client of `staticClients` has: its own, or the key that it is listed under. */
export function clientId(key: string, { id }: StaticClient): string {
  return id ?? key
}

/** Flyte's default clients and those of the settings; one of these takes the place of a default with the same id. */
export function clientsOf({ auth }: Pick<SettingsFile, 'auth'>): Client[] {
  const listed = Object.entries(auth.appAuth.selfAuthServer.staticClients).map(([key, client]) =>
    completed(clientId(key, client), client),
  )
  const taken = new Set(listed.map(({ id }) => id))
  return [...DEFAULT_CLIENTS.filter(({ id }) => !taken.has(id)), ...listed]
}

function completed(id: string, client: StaticClient): Client {
  const known = DEFAULT_CLIENTS.find((one) => one.id === id)
  return {
    id,
    name: client.name ?? known?.name ?? id,
    public: client.public,
    redirectUris: client.redirect_uris,
    grantTypes: client.grant_types ?? defaultGrants(client),
    scopes: client.scopes,
    firstParty: client.firstParty ?? known !== undefined,
  }
}

/** A client that people sign in with has a redirect; a confidential one without is a service. */
function defaultGrants(client: StaticClient): readonly GrantType[] {
  if (client.public) return [CODE, REFRESH, DEVICE]
  return client.redirect_uris.length > 0 ? [CODE, REFRESH] : [CREDENTIALS]
}

/** Every scope that a client may have. */
export function scopesOf(file: Pick<SettingsFile, 'auth'>): string[] {
  return [...new Set(clientsOf(file).flatMap(({ scopes }) => scopes))]
}

/** The document that the authorization server reads at its cold start. */
export function authorizationServerSettings(
  file: Pick<SettingsFile, 'auth'>,
  secrets: AuthorizationServerSecrets,
) {
  const { selfAuthServer } = file.auth.appAuth
  const idleMs = selfAuthServer.refreshTokenLifespan
  return {
    accessTokenSeconds: seconds(selfAuthServer.accessTokenLifespan),
    authorizationCodeSeconds: seconds(selfAuthServer.authorizationCodeLifespan),
    refreshIdleSeconds: seconds(idleMs),
    refreshAbsoluteSeconds: seconds(
      selfAuthServer.refreshTokenAbsoluteLifespan ?? Math.max(ABSOLUTE_REFRESH_MS, idleMs),
    ),
    clients: packed(clientsOf(file).map(shortened)),
    signingKeysSecret: secrets.signingKeysSecret,
    ...(secrets.signingKmsKeys === undefined ? {} : { signingKmsKeys: secrets.signingKmsKeys }),
    clientSecretsSecret: secrets.clientSecretsSecret,
  }
}

/** What is left out of a client because the function takes it for granted: an environment holds no more than 4 KB. */
const TAKEN_FOR_GRANTED = {
  public: false,
  redirectUris: [],
  grantTypes: [CREDENTIALS],
  scopes: DEFAULT_SCOPES,
  firstParty: false,
} satisfies Partial<Client>

function shortened({ id, ...client }: Client): { readonly id: string } & Partial<Client> {
  const granted = { ...TAKEN_FOR_GRANTED, name: id }
  const said = Object.entries(client).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(granted[key as keyof typeof granted]),
  )
  return { id, ...Object.fromEntries(said) }
}

/** JSON, deflated, in base64url: a third of its length, and less for every client more. */
function packed(clients: readonly object[]): string {
  return deflateRawSync(JSON.stringify(clients), { level: 9 }).toString('base64url')
}

const seconds = (ms: number): number => Math.floor(ms / 1000)
