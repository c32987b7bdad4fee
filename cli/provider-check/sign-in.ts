/** What a provider's documents say about signing people in with a browser, and clients of the SDK. */
import { listOf } from './discover.ts'
import { type Finding, findingsIn, type Level } from './finding.ts'
import { isSecureUrl, type JsonObject } from './read-json.ts'
import type { VendorName } from './vendor.ts'

const browser = findingsIn('Sign-in of browsers')
const clients = findingsIn('Sign-in of the SDK and services')

/** Issuers that give no access token which anybody else could verify. */
const OPAQUE: readonly VendorName[] = ['google', 'okta-org']

/** What is needed to sign people in with a browser. */
export function browserFindings(metadata: JsonObject, vendor: VendorName): Finding[] {
  return [
    ...neededEndpoints(metadata),
    codeFinding(metadata),
    clientAuthenticationFinding(metadata),
    ...scopeFindings(metadata),
    ...refreshFindings(metadata, vendor),
    endSessionFinding(metadata),
    issuerParameterFinding(metadata),
    ...subjectFindings(metadata),
    ...idTokenFindings(metadata),
  ]
}

const NEEDED: Readonly<Record<string, string>> = {
  authorization_endpoint: 'browsers are sent there',
  token_endpoint: 'codes are exchanged there',
  userinfo_endpoint: 'the load balancer asks it at every sign-in',
}

function neededEndpoints(metadata: JsonObject): Finding[] {
  return Object.entries(NEEDED).map(([name, reason]) =>
    isSecureUrl(metadata[name])
      ? browser(name.replaceAll('_', '-'), 'ok', `${name} is there.`)
      : browser(
          name.replaceAll('_', '-'),
          'change',
          `${name} is missing: ${reason}.`,
          'Sign browsers in with another provider, or with one in front of this (Dex, Keycloak).',
        ),
  )
}

function codeFinding(metadata: JsonObject): Finding {
  const types = listOf(metadata, 'response_types_supported')
  if (types === undefined || types.includes('code')) {
    return browser('authorization-code', 'ok', 'The authorization code flow is supported.')
  }
  return browser(
    'authorization-code',
    'change',
    'response_types_supported lacks code, the only flow there is.',
    'Switch the authorization code flow on.',
  )
}

function clientAuthenticationFinding(metadata: JsonObject): Finding {
  const methods = listOf(metadata, 'token_endpoint_auth_methods_supported') ?? ['client_secret_basic']
  const secretMethods = methods.filter((one) => one === 'client_secret_basic' || one === 'client_secret_post')
  return secretMethods.length > 0
    ? browser(
        'client-secret',
        'ok',
        `A client may prove itself with its secret (${secretMethods.join(', ')}).`,
      )
    : browser(
        'client-secret',
        'change',
        'No client may prove itself with a secret, which is all that the load balancer can.',
        'Allow client_secret_basic or client_secret_post.',
      )
}

function scopeFindings(metadata: JsonObject): Finding[] {
  const scopes = listOf(metadata, 'scopes_supported')
  if (scopes === undefined) return []
  if (!scopes.includes('openid')) {
    return [
      browser(
        'scopes',
        'change',
        'scopes_supported lacks openid: without it there is no ID token and nobody can sign in.',
        'Add the scope openid.',
      ),
    ]
  }
  const missing = ['profile', 'email'].filter((scope) => !scopes.includes(scope))
  if (missing.length === 0) return [browser('scopes', 'ok', 'The scopes openid, profile and email exist.')]
  return [
    browser(
      'scopes',
      'advice',
      `The provider does not list the scope ${missing.join(' and the scope ')}: runs would lack what it tells.`,
      `Add it, or leave it out of auth.userAuth.openId.scopes if asking for it is refused.`,
    ),
  ]
}

/** How a refresh token is asked for, where it is not with `offline_access`. */
const REFRESH_BY: Partial<Readonly<Record<VendorName, string>>> = {
  google:
    'Google gives refresh tokens for access_type=offline (ingress.session.extraParams), not for a scope.',
  cognito:
    'Cognito gives refresh tokens without being asked; there is no scope for it, so leave offline_access out.',
}

function refreshFindings(metadata: JsonObject, vendor: VendorName): Finding[] {
  const special = REFRESH_BY[vendor]
  if (special !== undefined) return [browser('offline-access', 'note', special)]
  const scopes = listOf(metadata, 'scopes_supported')
  if (scopes?.includes('offline_access')) {
    return [browser('offline-access', 'ok', 'The scope offline_access exists: it gives refresh tokens.')]
  }
  return [
    browser(
      'offline-access',
      'note',
      `${scopes === undefined ? 'scopes_supported is not published' : 'scopes_supported lacks offline_access'}: whether there are refresh tokens, and what they are asked for with, is not to be seen from here.`,
    ),
  ]
}

function endSessionFinding(metadata: JsonObject): Finding {
  return isSecureUrl(metadata.end_session_endpoint)
    ? browser(
        'end-session',
        'ok',
        'end_session_endpoint is there: signing out can end the session there, too.',
      )
    : browser(
        'end-session',
        'note',
        'There is no end_session_endpoint: signing out ends the session here, and the next sign-in may ask nothing.',
      )
}

function issuerParameterFinding(metadata: JsonObject): Finding {
  return metadata.authorization_response_iss_parameter_supported === true
    ? browser('iss-parameter', 'ok', 'Its answers name their issuer (RFC 9207), and that is checked.')
    : browser(
        'iss-parameter',
        'note',
        'Its answers do not name their issuer (RFC 9207); state, nonce and PKCE protect the sign-in.',
      )
}

function subjectFindings(metadata: JsonObject): Finding[] {
  const types = listOf(metadata, 'subject_types_supported')
  if (types === undefined || types.includes('public')) return []
  return [
    browser(
      'subject-type',
      'advice',
      'Subjects are pairwise: each client is told another subject for the same person.',
      'Use one registration for the browser, the API and the SDK, so that all three name a person alike.',
    ),
  ]
}

function idTokenFindings(metadata: JsonObject): Finding[] {
  const algorithms = listOf(metadata, 'id_token_signing_alg_values_supported')
  if (algorithms === undefined || algorithms.includes('RS256')) return []
  return [
    browser(
      'id-token-algorithm',
      'change',
      `ID tokens are signed with ${algorithms.join(', ')}, not with RS256.`,
      'Let the provider sign with RS256, which every OpenID provider has to support (OpenID Connect Core 15.1).',
    ),
  ]
}

/** What is needed to sign in the SDK, the CLI and services. */
export function clientFindings(metadata: JsonObject, vendor: VendorName): Finding[] {
  if (OPAQUE.includes(vendor)) {
    return [
      clients(
        'access-tokens',
        'change',
        'Its access tokens can be verified by itself only: no deployment can accept them.',
        `Let this deployment issue tokens (auth.appAuth.authServerType: Self)${vendor === 'okta-org' ? ', or use a custom authorization server' : ''}.`,
      ),
    ]
  }
  if (vendor === 'identity-platform') {
    return [
      clients('access-tokens', 'note', 'It has ID tokens for apps and nothing for the SDK to sign in with.'),
    ]
  }
  const grants = listOf(metadata, 'grant_types_supported')
  return [
    pkceFinding(metadata),
    deviceFinding(metadata, grants),
    grantFinding(
      grants,
      'refresh_token',
      'refresh-grant',
      'The SDK can refresh its token',
      'people sign in again when their token ends',
    ),
    grantFinding(
      grants,
      'client_credentials',
      'client-credentials',
      'Services can get tokens (client credentials)',
      'services need another way to get one',
    ),
  ]
}

function pkceFinding(metadata: JsonObject): Finding {
  const methods = listOf(metadata, 'code_challenge_methods_supported')
  if (methods?.includes('S256')) return clients('pkce', 'ok', 'PKCE with S256 is supported.')
  if (methods === undefined) {
    return clients(
      'pkce',
      'note',
      'PKCE is not advertised. Some providers support it all the same (Entra ID).',
    )
  }
  return clients(
    'pkce',
    'change',
    'PKCE with S256 is not supported, and the SDK signs in with nothing else.',
    'Allow S256 for the public client.',
  )
}

function deviceFinding(metadata: JsonObject, grants: readonly string[] | undefined): Finding {
  const grant = 'urn:ietf:params:oauth:grant-type:device_code'
  const isListed = grants === undefined || grants.includes(grant)
  if (isSecureUrl(metadata.device_authorization_endpoint)) {
    return isListed
      ? clients('device-flow', 'ok', 'The device flow is supported: machines without a browser can sign in.')
      : clients(
          'device-flow',
          'advice',
          'There is a device_authorization_endpoint, but its grant is not listed.',
          'Allow the device code grant, or the SDK fails when its authType is DeviceFlow.',
        )
  }
  return clients(
    'device-flow',
    'note',
    'There is no device flow: on machines without a browser the SDK needs client credentials.',
  )
}

function grantFinding(
  grants: readonly string[] | undefined,
  grant: string,
  check: string,
  works: string,
  otherwise: string,
): Finding {
  const [level, sentence]: [Level, string] =
    grants === undefined
      ? ['note', `grant_types_supported is not published, so ${grant} is not to be seen from here.`]
      : grants.includes(grant)
        ? ['ok', `${works}.`]
        : ['note', `The grant ${grant} is not listed: ${otherwise}.`]
  return clients(check, level, sentence)
}
