/** Whether the provider knows the clients with their redirect URIs: asked the way a browser would begin a sign-in. */
import { createHash, randomBytes } from 'node:crypto'
import type { CheckArguments } from './arguments.ts'
import { type Finding, findingsIn, shown } from './finding.ts'
import { isSecureUrl, type JsonObject } from './read-json.ts'

const TIMEOUT_MS = 10_000
const CLI_REDIRECT_URI = 'http://localhost:53593/callback'
const found = findingsIn('Registration')

/**
 * Begins a sign-in for each client that was named, and goes no further than the first answer.
 *
 * An error status means that the client, or its redirect URI, is not known. Anything else proves less: some providers
 * show their errors on a page of their own with status 200, or after a redirect.
 */
export async function checkRegistration(options: {
  readonly arguments: CheckArguments
  readonly metadata: JsonObject
}): Promise<readonly Finding[]> {
  const { clientId, cliClientId, publicUrl } = options.arguments
  const { authorization_endpoint: endpoint } = options.metadata
  if (!isSecureUrl(endpoint)) return []
  const registrations = [
    ...(clientId === undefined || publicUrl === undefined
      ? []
      : ['/oauth2/idpresponse', '/callback'].map((path) => ({
          check: path === '/callback' ? 'own-redirect-uri' : 'load-balancer-redirect-uri',
          client: clientId,
          redirectUri: `${publicUrl}${path}`,
          use: path === '/callback' ? "this deployment's own sign-in" : "the load balancer's sign-in",
          isOptional: path === '/callback',
        }))),
    ...(cliClientId === undefined
      ? []
      : [
          {
            check: 'cli-redirect-uri',
            client: cliClientId,
            redirectUri: CLI_REDIRECT_URI,
            use: 'the SDK',
            isOptional: false,
          },
        ]),
  ]
  return Promise.all(registrations.map((one) => beginSignIn(endpoint, one)))
}

interface Registration {
  readonly check: string
  readonly client: string
  readonly redirectUri: string
  readonly use: string
  /** Needed only with some settings. */
  readonly isOptional: boolean
}

async function beginSignIn(endpoint: string, registration: Registration): Promise<Finding> {
  const { check, client, redirectUri, use, isOptional } = registration
  const url = new URL(endpoint)
  const parameters = {
    client_id: client,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: randomBytes(16).toString('base64url'),
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const what = `${redirectUri} of the client ${shown(client)} (${use})`
  const answer = await begin(url)
  if (answer === 'unreachable') {
    return found(
      check,
      'change',
      'The authorization endpoint does not answer.',
      'Try again where a browser gets there.',
    )
  }
  if (answer === 'accepted') {
    return found(check, 'ok', `The provider begins a sign-in for ${what}.`)
  }
  const [level, when] = isOptional
    ? (['note', ' It is needed with ingress.browserAuth: service only.'] as const)
    : (['change', ''] as const)
  return found(
    check,
    level,
    `The provider refuses ${what}.${when}`,
    'Register that redirect URI, exactly, for that client id, and allow the authorization code flow with the scope openid.',
  )
}

/** An error comes as a status, or as `error` in where the browser is sent. */
async function begin(url: URL): Promise<'accepted' | 'refused' | 'unreachable'> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    await response.body?.cancel()
    if (response.status >= 500) return 'unreachable'
    if (response.status >= 400) return 'refused'
    const location = URL.parse(response.headers.get('location') ?? '', url.href)
    return location?.searchParams.has('error') ? 'refused' : 'accepted'
  } catch {
    return 'unreachable'
  }
}
