/** Signing a person in: with a browser (RFC 6749, 4.1, with RFC 7636), or with a code on another device (RFC 8628). */
import * as openid from 'openid-client'
import { CommandError } from '../../shared/failure.ts'
import type { Context } from '../context.ts'
import { openBrowser } from './browser.ts'
import { listenForAnswer } from './loopback.ts'
import { failureOf, GOOGLE_ISSUER, type Provider } from './provider.ts'

export interface SignInRequest {
  readonly scopes: readonly string[]
  /** Whom the token is for, where that is not the client itself; empty for none. */
  readonly audience: string
  /** Shown to the provider as a hint; empty for none. */
  readonly account: string
  readonly redirectUri: URL
  readonly openBrowser: boolean
}

export interface SignInAnswer {
  readonly response: openid.TokenEndpointResponse
  readonly nonce: string | undefined
}

/** Signs in with the browser of this machine. @throws {CommandError} */
export async function signInWithBrowser(
  provider: Provider,
  request: SignInRequest,
  context: Context,
): Promise<SignInAnswer> {
  const [state, nonce] = [openid.randomState(), openid.randomNonce()]
  const codeVerifier = openid.randomPKCECodeVerifier()
  const listener = await listenForAnswer({ redirectUri: request.redirectUri, state })
  try {
    const { redirectUri } = listener
    const address = await authorizationUrl(provider, request, { state, nonce, codeVerifier, redirectUri })
    invite(address, request, context)
    const answer = await unlessAborted(listener.answer, context.signal)
    try {
      const checks = { expectedState: state, pkceCodeVerifier: codeVerifier }
      const { configuration } = provider
      const response = await openid.authorizationCodeGrant(
        configuration,
        answer.url,
        checks,
        audienceOf(request),
      )
      answer.finish('signed in')
      return { response, nonce }
    } catch (error) {
      answer.finish('failed')
      context.signal.throwIfAborted()
      throw failureOf(error, 'The answer of the provider')
    }
  } finally {
    await listener.close()
  }
}

/** The address that the person is sent to. */
export async function authorizationUrl(
  { configuration }: Provider,
  request: SignInRequest,
  made: { state: string; nonce: string; codeVerifier: string; redirectUri: string },
): Promise<URL> {
  const { state, nonce, codeVerifier, redirectUri } = made
  const isGoogle = configuration.serverMetadata().issuer === GOOGLE_ISSUER
  return openid.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: request.scopes.join(' '),
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...audienceOf(request),
    ...(request.account === '' ? {} : { login_hint: request.account }),
    // Google's own way to ask for a refresh token; without the prompt it gives one the first time only.
    ...(isGoogle ? { access_type: 'offline', prompt: 'consent' } : {}),
  })
}

function audienceOf({ audience }: SignInRequest): Record<string, string> {
  return audience === '' ? {} : { audience }
}

function invite(address: URL, request: SignInRequest, { environment, platform, say }: Context): void {
  const opened = request.openBrowser && openBrowser(address.href, { environment, platform })
  say(
    opened
      ? 'Sign in with the browser that opens. If none does, open this address:'
      : 'Open this address in a browser on this machine to sign in (or use --device on a machine without one):',
  )
  say(`  ${address.href}`)
}

/** Signs in with any other device that has a browser. @throws {CommandError} */
export async function signInWithDevice(
  provider: Provider,
  request: SignInRequest,
  context: Context,
): Promise<SignInAnswer> {
  const { configuration } = provider
  if (configuration.serverMetadata().device_authorization_endpoint === undefined) {
    throw new CommandError('refused', 'This provider has no sign-in for devices; leave --device out.')
  }
  try {
    const scope = request.scopes.join(' ')
    const device = await openid.initiateDeviceAuthorization(configuration, { scope, ...audienceOf(request) })
    const { verification_uri: address, verification_uri_complete: complete, user_code: code } = device
    context.say(`Open ${printable(address)} on any device and enter the code ${printable(code)}`)
    if (complete !== undefined) context.say(`or open ${printable(complete)}`)
    const { signal } = context
    const polling = openid.pollDeviceAuthorizationGrant(configuration, device, audienceOf(request), {
      signal,
    })
    // It looks at the signal only when it asks again.
    const response = await unlessAborted(polling, signal)
    return { response, nonce: undefined }
  } catch (error) {
    context.signal.throwIfAborted()
    throw failureOf(error, 'The answer of the provider')
  }
}

/** What a provider sends is shown to a terminal, which obeys control characters. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 500)
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let stop = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    stop = () => signal.removeEventListener('abort', onAbort)
  })
  return Promise.race([promise, aborted]).finally(() => stop())
}
