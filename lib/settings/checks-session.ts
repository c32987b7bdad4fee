/** Rules about signing browsers in: what each of the two ways needs, and what has an effect in one of them only. */
import type { CrossCheck } from './cross-check.ts'
import { problemIf } from './cross-check.ts'
import type { Problem } from './problems.ts'
import { hostOf } from './resolve.ts'
import type { SettingsFile } from './schema.ts'
import { OPEN_ID_ENDPOINTS } from './schema-auth.ts'

const OPEN_ID = 'auth.userAuth.openId'
const CLIENT_SECRET = 'secrets.oidcClientSecret'
/** The longest session of a load balancer. */
const LOAD_BALANCER_TIMEOUT_MS = 604_800_000

/** A check of one way to sign browsers in; the other does not run it. */
function whenSignedInBy(browserAuth: SettingsFile['ingress']['browserAuth'], check: CrossCheck): CrossCheck {
  return {
    reads: ['ingress.browserAuth', ...check.reads],
    run: (file, routes) => (file.ingress.browserAuth === browserAuth ? check.run(file, routes) : []),
  }
}

const endpoints = Object.entries(OPEN_ID_ENDPOINTS).map(
  ([key, what]): CrossCheck => ({
    reads: [`${OPEN_ID}.${key}`],
    run: ({ auth }) =>
      problemIf(
        auth.userAuth.openId[key as keyof typeof OPEN_ID_ENDPOINTS] === undefined,
        `${OPEN_ID}.${key}`,
        `is missing; set it to the URL of ${what}`,
      ),
  }),
)

const confidentialClient: CrossCheck = {
  reads: [`${OPEN_ID}.publicClient`],
  run: ({ auth }) =>
    problemIf(
      auth.userAuth.openId.publicClient,
      `${OPEN_ID}.publicClient`,
      'must be false while the load balancer signs people in: it always sends a client secret',
    ),
}

const loadBalancerTimeout: CrossCheck = {
  reads: ['ingress.session'],
  run: ({ ingress: { session } }) => [
    ...problemIf(
      session.timeout > LOAD_BALANCER_TIMEOUT_MS,
      'ingress.session.timeout',
      'must be from 1m to 168h while the load balancer signs people in',
    ),
    ...problemIf(
      session.idleTimeout !== undefined,
      'ingress.session.idleTimeout',
      'has no effect while the load balancer signs people in, which knows no such time; remove it',
    ),
  ],
}

const cookieKeys: CrossCheck = {
  reads: ['secrets.cookieKeys'],
  run: ({ secrets }) =>
    problemIf(
      secrets.cookieKeys.name !== undefined,
      'secrets.cookieKeys.name',
      'has no effect while the load balancer signs people in; set ingress.browserAuth to service, or remove it',
    ),
}

const idleTimeout: CrossCheck = {
  reads: ['ingress.session'],
  run: ({ ingress: { session } }) =>
    problemIf(
      session.idleTimeout !== undefined && session.idleTimeout > session.timeout,
      'ingress.session.idleTimeout',
      'must not be longer than ingress.session.timeout, after which a session ends in any case',
    ),
}

/** What is for the load balancer alone is refused, not ignored: somebody may rely on it. */
const withoutEffect: CrossCheck = {
  reads: ['ingress.session', CLIENT_SECRET],
  run: ({ ingress: { session }, secrets: { oidcClientSecret } }) => [
    ...problemIf(
      Object.keys(session.extraParams).length > 0,
      'ingress.session.extraParams',
      'has no effect with ingress.browserAuth service; use auth.userAuth.idpQueryParameter, or remove it',
    ),
    ...problemIf(
      oidcClientSecret.versionId !== undefined,
      `${CLIENT_SECRET}.versionId`,
      'has no effect with ingress.browserAuth service, where the current version is read within minutes; remove it',
    ),
  ],
}

const publicClient: CrossCheck = {
  reads: [`${OPEN_ID}.publicClient`, CLIENT_SECRET],
  run: ({ auth, secrets }) =>
    problemIf(
      auth.userAuth.openId.publicClient && secrets.oidcClientSecret.name !== undefined,
      `${CLIENT_SECRET}.name`,
      `must be left out for a public client, which has no secret; or remove ${OPEN_ID}.publicClient`,
    ),
}

/** What a sign-in says to the provider is for the login function to say (RFC 6749, 9101, OpenID Connect Core). */
const OWN_PARAMETERS: ReadonlySet<string> = new Set([
  'client_id',
  'client_secret',
  'claims',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'redirect_url',
  'registration',
  'request',
  'request_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
])

const idpQueryParameter: CrossCheck = {
  reads: ['auth.userAuth.idpQueryParameter'],
  run: ({ auth }) =>
    problemIf(
      OWN_PARAMETERS.has(auth.userAuth.idpQueryParameter ?? ''),
      'auth.userAuth.idpQueryParameter',
      'must not be one that a sign-in has by itself; name the one with which the provider takes an identity provider',
    ),
}

/** A browser drops a cookie for a domain that the host which sets it is not in. */
const cookieDomain: CrossCheck = {
  reads: ['auth.userAuth.cookieSetting', 'auth.authorizedUris'],
  run: ({ auth }) => {
    const { domain } = auth.userAuth.cookieSetting
    const [first = ''] = auth.authorizedUris
    return problemIf(
      domain !== undefined && !isWithin(hostOf(first), domain),
      'auth.userAuth.cookieSetting.domain',
      'must be the host of the first of auth.authorizedUris, or a domain above it',
    )
  },
}

const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`)

const functionSizes: CrossCheck = {
  reads: ['ingress.browserAuth', 'functions'],
  run: ({ ingress, functions: { memoryMb, reservedConcurrency } }) =>
    Object.entries({ memoryMb, reservedConcurrency }).flatMap(([key, { login }]): Problem[] =>
      problemIf(
        ingress.browserAuth !== 'service' && login !== undefined,
        `functions.${key}.login`,
        'has no effect without ingress.browserAuth service, which deploys that function; remove it',
      ),
    ),
}

export const SESSION_CHECKS: readonly CrossCheck[] = [
  ...[...endpoints, confidentialClient, loadBalancerTimeout, cookieKeys].map((check) =>
    whenSignedInBy('alb', check),
  ),
  ...[idleTimeout, withoutEffect, publicClient, idpQueryParameter, cookieDomain].map((check) =>
    whenSignedInBy('service', check),
  ),
  functionSizes,
]
