/** How a caller is put in words. */

import { hueOf, initialsOf } from '../shared/html/initials.ts'
import type { Caller, CallerSource } from '../shared/identity/caller.ts'

/** What the page says of the person who looks at it. */
export interface Person {
  /** The best name there is; the subject if nothing else is known. */
  readonly name: string
  /** One or two letters that stand for a picture. */
  readonly initials: string
  /** The class of the colour behind them. */
  readonly hue: string
  readonly email: string | undefined
  readonly kind: string
  readonly subject: string
  readonly issuer: string
  /** A sentence about how all this is known. */
  readonly knownBy: string
}

/** Describes a caller. Every field is what the credential said: it has to be escaped like anything received. */
export function describeCaller(caller: Caller): Person {
  const { name, givenName, familyName, preferredUsername, email } = caller.profile
  const fullName = [givenName, familyName].filter(Boolean).join(' ')
  const best = name || fullName || preferredUsername || email || caller.subject
  return {
    name: best,
    initials: initialsOf(best),
    hue: hueOf(caller.subject),
    email,
    kind: caller.kind === 'application' ? 'Application' : 'Person',
    subject: caller.subject,
    issuer: caller.issuer,
    knownBy: knownBy(caller.source, issuerHost(caller.issuer)),
  }
}

function knownBy(source: CallerSource, host: string): string {
  switch (source) {
    case 'alb-claims':
      return `The load balancer signed you in with ${host} and vouches for it with its signature.`
    case 'alb-subject':
      return `The load balancer signed you in with ${host}. It passed on who you are, but no name or e-mail.`
    case 'session':
      return `You signed in here with ${host}, and its signature is verified with every request.`
    case 'proxy-bearer':
      return `The proxy that you came through knows you from ${host}, and the signature of that holds.`
    case 'bearer':
      return `You sent an access token of ${host}, and its signature holds.`
  }
}

function issuerHost(issuer: string): string {
  return URL.canParse(issuer) ? new URL(issuer).host : issuer
}
