/** What somebody is told who is refused: what happened, why, and a way on that does not lead back here. */
import type { Reason, ServiceError } from '../shared/errors.ts'
import type { HttpRequest } from '../shared/http/message.ts'
import type { BrowserAuth } from '../shared/routes.ts'
import { mayHaveSession } from '../shared/session/cookie-names.ts'

export interface Advice {
  readonly title: string
  /** In place of the error's own sentence, where that one is meant for programs. */
  readonly why?: string
  readonly whatToDo: string
  /** What the link says. */
  readonly action: string
  /** Where the link leads. Default: the first page, which asks for a sign-in if there is none. */
  readonly leadsTo?: 'sign-in'
  /** Whether the way on is to sign out: the sign-in itself is what is not accepted. */
  readonly offersSignOut?: true
}

const OPEN_FIRST_PAGE = 'Open the first page'

const OF_STATUS: Readonly<Record<number, Advice>> = {
  401: {
    title: 'You are not signed in',
    whatToDo:
      'Sign in again. If that leads back here, the sign-in of this deployment needs a look by its operators.',
    action: 'Sign in',
  },
  403: {
    title: 'You are not allowed to do this',
    whatToDo: 'Signing in again does not change that. Ask the operators of this deployment if it should.',
    action: OPEN_FIRST_PAGE,
  },
  404: {
    title: 'There is nothing here',
    whatToDo: 'The address may have a typing mistake, or the page has moved.',
    action: OPEN_FIRST_PAGE,
  },
  405: {
    title: 'This page cannot be opened like that',
    whatToDo: 'Open it in the usual way, by its link or its button.',
    action: OPEN_FIRST_PAGE,
  },
  503: {
    title: 'Your sign-in cannot be checked right now',
    whatToDo: 'This passes by itself most of the time. Try again in a moment.',
    action: 'Try again',
  },
}

const UNEXPECTED: Advice = {
  title: 'Something went wrong on our side',
  whatToDo: 'Try again in a moment. If it stays, tell the operators the request id below.',
  action: 'Try again',
}

const NOT_LET_IN = 'You are signed in, but not let in'

/** For somebody whom the load balancer has signed in: another sign-in ends the same way. */
const OF_SIGNED_IN: Readonly<Partial<Record<Reason, Advice>>> = {
  token_expired: {
    title: 'Your sign-in has just run out',
    whatToDo: 'Try again: the load balancer renews it with every request. If it stays, a clock may be wrong.',
    action: 'Try again',
  },
  credentials_missing: {
    title: NOT_LET_IN,
    why: 'The load balancer signed you in, and this deployment does not take its word for who you are.',
    whatToDo:
      'Its operators decide that with the setting runs.trustForwardedIdentityHeaders. The command line works with a token of your own.',
    action: 'Try again',
    offersSignOut: true,
  },
}

const NOT_BELIEVED: Omit<Advice, 'why'> = {
  title: NOT_LET_IN,
  whatToDo:
    'Signing in again ends the same way until the operators of this deployment have looked at it. Tell them the request id below. With another account, sign out first.',
  action: 'Try again',
  offersSignOut: true,
}

const OF_REASON: Readonly<Partial<Record<Reason, Advice>>> = {
  service_refused: {
    title: 'This page cannot be reached this way',
    whatToDo: 'Open it at the address of the load balancer, which signs you in first.',
    action: OPEN_FIRST_PAGE,
  },
  cross_site_request: {
    title: 'Another site asked for this',
    whatToDo: 'Nothing was done. If you meant to do it, use the button on the page itself.',
    action: OPEN_FIRST_PAGE,
  },
}

const SIGN_IN_AGAIN = { action: 'Sign in again', leadsTo: 'sign-in' } as const

/** For somebody with a session of this deployment's own, or who should have one by now. */
const OF_SESSION: Readonly<Partial<Record<Reason, Advice>>> = {
  session_expired: {
    title: 'Your session has ended',
    why: 'It was not used for a while, or it has gone on for as long as a session may.',
    whatToDo: 'Sign in again, and you are back on the page that you wanted.',
    ...SIGN_IN_AGAIN,
  },
  session_ended: {
    title: 'Your session was ended',
    why: 'You signed out, or your identity provider said that you did.',
    whatToDo: 'Sign in again, and you are back on the page that you wanted.',
    ...SIGN_IN_AGAIN,
  },
  session_unreadable: {
    title: 'Your session cannot be read',
    why: 'It was begun with keys that this deployment does not have, or no longer has.',
    whatToDo: 'Sign in again: that begins another one.',
    ...SIGN_IN_AGAIN,
  },
  credentials_missing: {
    title: 'Your browser did not keep the session',
    why: 'You have just signed in, and your browser came back without the cookies of your session.',
    whatToDo:
      'Allow this site to keep cookies. If it may, the operators of this deployment have to look at auth.userAuth.cookieSetting.',
    action: 'Sign in again',
    leadsTo: 'sign-in',
  },
}

const SESSION_NOT_BELIEVED: Advice = {
  title: NOT_LET_IN,
  whatToDo:
    'Sign out, and in again. If it ends the same way, the operators of this deployment have to look at it: tell them the request id below.',
  action: 'Try again',
  offersSignOut: true,
}

/** Chooses the advice. @param signIn Who signs people in. */
export function adviceOn(
  { reason, status }: ServiceError,
  { access, headers }: Pick<HttpRequest, 'access' | 'headers'>,
  signIn: BrowserAuth,
): Advice {
  if (status === 401 && access === 'oidc') return OF_SIGNED_IN[reason] ?? NOT_BELIEVED
  if (status === 401 && signIn === 'service') {
    const hasSession = mayHaveSession(headers) && headers.authorization === undefined
    return OF_SESSION[reason] ?? (hasSession ? SESSION_NOT_BELIEVED : (OF_STATUS[status] as Advice))
  }
  return OF_REASON[reason] ?? OF_STATUS[status] ?? UNEXPECTED
}
