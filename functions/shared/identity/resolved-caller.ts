/** A caller together with what proved it. */
import type { VerifiedAccessToken } from '../tokens/access-token.ts'
import type { Caller } from './caller.ts'

/** An access token that can be passed on, but not printed: neither a log line nor JSON nor an error shows it. */
export class SecretToken {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The token itself, for the one header it goes into. */
  reveal(): string {
    return this.#value
  }
}

/** The credential of a caller that came with a bearer token. */
export interface BearerCredential {
  readonly token: SecretToken
  readonly verified: VerifiedAccessToken
}

/** Who is calling, and, on the bearer path only, with which token. */
export interface ResolvedCaller {
  readonly caller: Caller
  /** Not enumerable: claims do not end up in a log by being spread into it. */
  readonly bearer: BearerCredential | undefined
}

/** Puts both together, with `bearer` not enumerable. */
export function resolvedCaller(caller: Caller, bearer?: BearerCredential): ResolvedCaller {
  return Object.defineProperty({ caller }, 'bearer', { value: bearer, enumerable: false }) as ResolvedCaller
}
