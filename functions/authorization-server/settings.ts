/** What the authorization server is told about itself and its clients. */

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const

export type GrantType = (typeof GRANT_TYPES)[number]

export const DEVICE_CODE_GRANT = GRANT_TYPES[3]

export interface StaticClient {
  readonly id: string
  /** What a person reads when asked about it. */
  readonly name: string
  /** A public client has no secret; it is known by its redirect URIs and its PKCE verifier. */
  readonly public: boolean
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  /** All it may have, and what it gets if it asks for nothing in particular. */
  readonly scopes: readonly string[]
  /** A first-party client acts for a person without asking that person first. */
  readonly firstParty: boolean
}

export interface AuthorizationServerSettings {
  /** The `iss` of tokens and authorization responses. */
  readonly issuer: string
  /** Where the endpoints are reached, without a trailing slash. */
  readonly publicUrl: string
  /** What a client may name as `resource` or `audience`; the first is what tokens are for otherwise. */
  readonly audiences: readonly string[]
  readonly accessTokenSeconds: number
  readonly authorizationCodeSeconds: number
  /** How long a refresh token works when it is not used. */
  readonly refreshIdleSeconds: number
  /** How long after the sign-in the last refresh token ends, however often it was used. */
  readonly refreshAbsoluteSeconds: number
  readonly clients: readonly StaticClient[]
}

/**
 * Whether a subject is the name of a client. Nobody gets a token with such a subject but that client itself: whoever
 * reads tokens takes it for the client (RFC 9068 section 5).
 */
export function isClientId({ clients }: AuthorizationServerSettings, subject: string): boolean {
  return clients.some(({ id }) => id === subject)
}

/** With the scope `offline` a client gets refresh tokens. */
export const OFFLINE_SCOPE = 'offline'

const CLI_REDIRECTS = ['http://localhost:53593/callback', 'http://localhost:12345/callback']
/** What a client may have where nothing else is said. */
export const DEFAULT_SCOPES = ['all', OFFLINE_SCOPE]

function commandLine(id: string, name: string): StaticClient {
  return {
    id,
    name,
    public: true,
    redirectUris: CLI_REDIRECTS,
    grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE_GRANT],
    scopes: DEFAULT_SCOPES,
    firstParty: true,
  }
}

/** The clients that every Flyte deployment has. None of them has a secret until its operator makes one. */
export const DEFAULT_CLIENTS: readonly StaticClient[] = [
  commandLine('flytectl', 'flytectl'),
  commandLine('flyte-cli', 'the Flyte command line'),
  {
    id: 'flytepropeller',
    name: 'flytepropeller',
    public: false,
    redirectUris: [],
    grantTypes: ['client_credentials'],
    scopes: DEFAULT_SCOPES,
    firstParty: true,
  },
]

/** Flyte's defaults for the lifetimes, and a week for the whole of a sign-in. */
export const DEFAULT_LIFETIMES = {
  accessTokenSeconds: 30 * 60,
  authorizationCodeSeconds: 5 * 60,
  refreshIdleSeconds: 60 * 60,
  refreshAbsoluteSeconds: 7 * 24 * 60 * 60,
} as const
