/** An identity provider as the settings need it: the local one, or a real one after its discovery document. */

export interface ProviderDescription {
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly userInfoEndpoint: string
  readonly jwksUri: string
  /** The client that signs people in; undefined for the local provider's own. */
  readonly clientId?: string
  readonly commandLineClientId?: string
  readonly commandLineScopes?: readonly string[]
  /** Audiences of access tokens; undefined: the public URL. */
  readonly audiences?: readonly string[]
}

/** A real identity provider to use in place of the local one. */
export interface RealProvider {
  /** Its issuer, such as `https://id.example.com`. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  /** The public client of SDK and CLI. Default: none of its own, `clientId`. */
  readonly commandLineClientId?: string | undefined
  /** The audience of its access tokens. Default: the public URL. */
  readonly audience?: string | undefined
}

/** The provider's discovery document cannot be used. `reason` says why. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly reason: 'unreachable' | 'no_document' | 'incomplete' | 'issuer_mismatch'
  constructor(reason: ProviderError['reason'], options?: ErrorOptions) {
    super(`The identity provider cannot be used (${reason}).`, options)
    this.reason = reason
  }
}

/** The endpoints of the local provider, as oidc-provider names them. */
export function localProvider(issuer: string): ProviderDescription {
  return {
    issuer,
    authorizationEndpoint: `${issuer}/auth`,
    tokenEndpoint: `${issuer}/token`,
    userInfoEndpoint: `${issuer}/me`,
    jwksUri: `${issuer}/jwks`,
  }
}

const TIMEOUT_MS = 10_000

/**
 * Reads a real provider's discovery document (OpenID Connect Discovery 1.0, 4).
 *
 * @throws {ProviderError}
 */
export async function discoverProvider(provider: RealProvider): Promise<ProviderDescription> {
  const base = provider.url.replace(/\/+$/, '')
  const response = await fetch(`${base}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new ProviderError('unreachable', { cause })
  })
  const document = response.ok ? await response.json().catch(() => undefined) : undefined
  if (typeof document !== 'object' || document === null) throw new ProviderError('no_document')
  return { ...describe(document as Record<string, unknown>, base), ...clientsOf(provider) }
}

function describe(document: Record<string, unknown>, base: string): ProviderDescription {
  const field = (name: string): string => {
    const value = document[name]
    if (typeof value !== 'string') throw new ProviderError('incomplete')
    return value
  }
  const issuer = field('issuer')
  // One that ends with a slash (Auth0) is that issuer all the same when it is typed without.
  if (issuer.replace(/\/+$/, '') !== base) throw new ProviderError('issuer_mismatch')
  return {
    issuer,
    authorizationEndpoint: field('authorization_endpoint'),
    tokenEndpoint: field('token_endpoint'),
    userInfoEndpoint: field('userinfo_endpoint'),
    jwksUri: field('jwks_uri'),
  }
}

function clientsOf(provider: RealProvider): Partial<ProviderDescription> {
  return {
    clientId: provider.clientId,
    commandLineClientId: provider.commandLineClientId ?? provider.clientId,
    commandLineScopes: [],
    ...(provider.audience === undefined ? {} : { audiences: [provider.audience] }),
  }
}
