/** What a deployment has to be told of the proxy in front of it, in the words of flyte.yaml. */
import { COMMAND_LINE_CLIENT_ID } from '../identity-provider/clients.ts'
import { STAND_IN_PORTS } from '../ports.ts'
import type { SettingsOverride } from '../settings.ts'

/** Where the proxy says who came through, if it strips what they came with. */
export const ASSERTION_HEADER = 'x-goog-iap-jwt-assertion'

/** Whom its assertions are for. */
export const ASSERTION_AUDIENCE = '/projects/1/global/backendServices/2'

/** Tokens for the proxy are those of the local identity provider for the command line. */
export const PROXY_AUDIENCE = COMMAND_LINE_CLIENT_ID

/** Behind a proxy that passes such tokens on. */
export function behindProxy(): SettingsOverride {
  const issuer = `http://localhost:${STAND_IN_PORTS.provider}`
  const issuers = [{ issuer, jwksUri: `${issuer}/jwks`, allowedAudience: [PROXY_AUDIENCE] }]
  return { auth: { proxyAuth: { issuers } } }
}

/** Behind a proxy that passes assertions of its own on. */
export function behindAssertingProxy(assertions: {
  readonly issuer: string
  readonly jwksUri: string
}): SettingsOverride {
  const issuers = [{ ...assertions, algorithms: ['ES256'], allowedAudience: [ASSERTION_AUDIENCE] }]
  return { auth: { proxyAuth: { header: ASSERTION_HEADER, issuers } } }
}
