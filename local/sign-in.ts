/**
 * Signing in without a browser: the real authorization code flow with PKCE (RFC 6749, 7636), with the person named by
 * `login_hint`, or on the local identity provider's page where the hint does not get that far. This is what
 * `npm run token` and the tests use.
 */
import { createHash, randomBytes } from 'node:crypto'

export interface SignInEndpoints {
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
}

export interface TokenSet {
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

/** A sign-in did not come to its end. `reason` says where it stopped. */
export class SignInError extends Error {
  override readonly name = 'SignInError'
  readonly reason: 'not_a_local_provider' | 'refused' | 'no_token'
  constructor(reason: SignInError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

const MAX_REDIRECTS = 20
/** Where the local identity provider asks who is signing in. */
const SIGN_IN_PAGE = /^\/interaction\/[\w-]+$/

/**
 * Signs a person in and answers their tokens.
 *
 * @throws {SignInError} `not_a_local_provider` if the provider shows a page instead of taking the hint.
 */
export async function signInAs(options: {
  person: string
  endpoints: SignInEndpoints
  clientId: string
  redirectUri: string
  scopes: readonly string[]
}): Promise<TokenSet> {
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const url = new URL(options.endpoints.authorizationEndpoint)
  url.search = new URLSearchParams({
    client_id: options.clientId,
    response_type: 'code',
    redirect_uri: options.redirectUri,
    scope: options.scopes.join(' '),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    login_hint: options.person,
  }).toString()
  const answer = await followUntil({ url, target: options.redirectUri, person: options.person })
  const code = answer.searchParams.get('code')
  if (code === null || answer.searchParams.get('state') !== state) {
    throw new SignInError('refused', 'The identity provider refused the sign-in.')
  }
  return requestToken(options.endpoints.tokenEndpoint, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    client_id: options.clientId,
    redirect_uri: options.redirectUri,
  })
}

/**
 * Answers the token of a service (client credentials, RFC 6749, 4.4).
 *
 * @throws {SignInError}
 */
export async function signInAsService(options: {
  tokenEndpoint: string
  clientId: string
  clientSecret: string
}): Promise<TokenSet> {
  const basic = Buffer.from(`${options.clientId}:${encodeURIComponent(options.clientSecret)}`).toString(
    'base64',
  )
  return requestToken(
    options.tokenEndpoint,
    { grant_type: 'client_credentials', scope: 'all' },
    { authorization: `Basic ${basic}` },
  )
}

async function requestToken(
  endpoint: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenSet> {
  const response = await fetch(endpoint, { method: 'POST', headers, body: new URLSearchParams(form) })
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (!response.ok || typeof body.access_token !== 'string') {
    throw new SignInError('no_token', `The identity provider gave no token (status ${response.status}).`)
  }
  return {
    accessToken: body.access_token,
    refreshToken: typeof body.refresh_token === 'string' ? body.refresh_token : undefined,
  }
}

/** Follows redirects with the cookies that were set on the way, until one leads to `target`. */
async function followUntil(options: { url: URL; target: string; person: string }): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = options.url
  let form: RequestInit = {}
  for (let step = 0; step < MAX_REDIRECTS; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie }, ...form })
    await response.body?.cancel()
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split(/=(.*)/s)
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null && form.method === undefined && SIGN_IN_PAGE.test(url.pathname)) {
      form = { method: 'POST', body: new URLSearchParams({ person: options.person }) }
      continue
    }
    if (location === null) {
      throw new SignInError('not_a_local_provider', 'The identity provider asks for more than a name.')
    }
    form = {}
    url = new URL(location, url)
    if (url.href.startsWith(options.target)) return url
  }
  throw new SignInError('refused', 'The identity provider redirects in a circle.')
}
