/** `GET /callback`: what the provider sent a person back with, made into a session. */
import { epochSeconds } from '../shared/clock.ts'
import { ServiceError } from '../shared/errors.ts'
import type { PathHandler } from '../shared/http/router.ts'
import { cookieHeaderBytes } from '../shared/session/cookie-jar.ts'
import { SIGNED_IN_COOKIE } from '../shared/session/cookie-names.ts'
import { createCookieWriter } from '../shared/session/cookies.ts'
import type { VerifiedIdToken } from '../shared/session/id-token.ts'
import type { SignInChecks } from '../shared/session/openid-client.ts'
import { type Session, writeSession } from '../shared/session/session-cookies.ts'
import { openJar } from '../shared/session/session-reader.ts'
import { redirectTo } from './answers.ts'
import type { LoginDeps } from './deps.ts'
import { signedInPage } from './pages.ts'
import { endTransaction, findTransaction, giveUpOldest, spendState, transactionsOf } from './transaction.ts'

/** What all cookies of ours may take of the 16 KB that the load balancer passes on in a header line. */
const MAX_COOKIE_BYTES = 15_360
/** As long as it may take a browser to arrive where it was sent. */
const SIGNED_IN_SECONDS = 30

/**
 * Makes the step.
 *
 * The state has to be one that this browser began with, once; then the answer is checked (`iss`, `error`, `code`),
 * the code exchanged, the ID token verified with its signature and nonce, and userinfo asked, whose subject has to be
 * the same. Each sign-in makes a session of its own. The transaction's cookies go whatever comes of it.
 *
 * @throws {ServiceError} `sign_in_unknown`, `sign_in_denied`, `sign_in_answer_invalid`, `session_too_large`,
 *   `provider_…`, `keys_unavailable`, `secret_unavailable`, `store_…`
 */
export function createCallback(deps: LoginDeps): PathHandler {
  return async (request, call) => {
    const { jar, received, keys } = await transactionsOf(deps, request)
    const callbackUrl = new URL(`${deps.publicUrl}/callback?${request.query}`)
    const [state = '', ...more] = callbackUrl.searchParams.getAll('state')
    const transaction = more.length === 0 ? findTransaction(jar, state, 'login') : undefined
    if (transaction === undefined) throw new ServiceError('sign_in_unknown')
    call.responseCookies.push(...endTransaction(jar, state))
    if (!(await spendState(deps, state))) throw new ServiceError('sign_in_unknown')
    const session = await signIn(deps, callbackUrl, transaction.checks)
    call.notes.signIn = 'finished'
    const kept = writeSession(openJar(deps, keys, received), session)
    // The load balancer would refuse every request with more, until the sign-ins of other tabs have timed out.
    const roomBytes = MAX_COOKIE_BYTES - cookieHeaderBytes(kept)
    const givenUp = giveUpOldest({ jar, received, roomBytes, finished: state })
    const setCookies = [...kept, ...givenUp, signedInCookie(deps)]
    // A redirect from the provider's site carries no Strict cookies, however many hosts of ours it passes.
    return deps.settings.cookie.sameSite === 'Strict'
      ? signedInPage(request, transaction.target, setCookies)
      : redirectTo(request, transaction.target, setCookies)
  }
}

/** Seen without a session, it tells a page that another sign-in would lead back to where it is. */
function signedInCookie({ settings }: LoginDeps): string {
  const { set } = createCookieWriter({ ...settings.cookie, domain: null })
  return set(SIGNED_IN_COOKIE, '1', SIGNED_IN_SECONDS)
}

async function signIn(deps: LoginDeps, callbackUrl: URL, checks: SignInChecks): Promise<Session> {
  const client = await deps.client()
  const tokens = await client.exchangeCode(callbackUrl, checks)
  const verified = await verify(deps, tokens.idToken, checks.nonce)
  const userinfo = (await client.userinfo(tokens.accessToken, verified.subject)) ?? verified.claims
  const { sid } = verified.claims
  return {
    tokens,
    userinfo,
    record: {
      id: Buffer.from(deps.random(16)).toString('base64url'),
      startedAtEpochSeconds: epochSeconds(deps.now()),
      sid: typeof sid === 'string' ? sid : undefined,
    },
  }
}

/** A bad ID token is not the person's credential here but the provider's answer. */
async function verify(deps: LoginDeps, idToken: string, nonce: string): Promise<VerifiedIdToken> {
  try {
    const verified = await deps.verifyIdToken(idToken)
    if (verified.claims.nonce !== nonce) throw new ServiceError('sign_in_answer_invalid')
    return verified
  } catch (error) {
    const isRefusal = error instanceof ServiceError && error.status === 401
    throw isRefusal ? new ServiceError('sign_in_answer_invalid', { cause: error }) : error
  }
}
