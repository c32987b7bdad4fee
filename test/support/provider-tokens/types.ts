/** What a provider's documents and tokens look like, as its makers document them or as it was seen to issue them. */
import type { FunctionSettings } from '../../../functions/shared/config.ts'
import type { Reason } from '../../../functions/shared/errors.ts'
import type { Caller } from '../../../functions/shared/identity/caller.ts'

export type Claims = Readonly<Record<string, unknown>>
export type IssuerRules = FunctionSettings['auth']['trustedIssuers'][number]

export interface TokenFixture {
  /** Whose it is, as the end of a sentence about it. */
  readonly name: string
  /** Beside `alg` and `kid`. */
  readonly header: Claims
  /** Without `exp` and `iat`. */
  readonly claims: Claims
  /** Who is named by it: without userinfo, and after userinfo was asked if that says more. Or why it is refused. */
  readonly expected:
    | { readonly caller: Partial<Caller>; readonly enriched?: Partial<Caller> }
    | { readonly refused: Reason }
  /** What userinfo answers for it; undefined: it refuses the token. */
  readonly userinfo?: Claims
}

export interface ProviderFixture {
  readonly provider: string
  readonly issuer: string
  /** The OpenID Connect document, as far as it matters here. */
  readonly metadata: Claims
  /** How the recipe has its tokens checked. */
  readonly rules: Pick<IssuerRules, 'audiences'> &
    Partial<Pick<IssuerRules, 'audienceClaim' | 'acceptIdTokens'>>
  readonly userinfoSubject?: 'match' | 'adopt'
  readonly tokens: readonly TokenFixture[]
}

/** The deployment that every token is for, where a token can say that. */
export const DEPLOYMENT = 'https://flyte.example.com'
export const NOW_SECONDS = 1_800_000_000
