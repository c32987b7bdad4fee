/**
 * Who a caller is by name: what the token leaves out, filled in from the issuer's userinfo.
 *
 * Best effort. It takes three seconds at most, and whatever goes wrong, the caller stays as it was: a run is
 * never refused for want of a name. A token is asked about once: the answer is kept in memory and in the Auth
 * table until the earlier of ten minutes and the token's expiry, a failure in memory for a minute, and
 * concurrent calls share one question.
 */
import { createHash } from 'node:crypto'
import type { Call } from '../call.ts'
import type { Clock } from '../clock.ts'
import type { FunctionSettings } from '../config.ts'
import { asServiceError, type Reason } from '../errors.ts'
import type { ClaimsStore, TokenHash } from '../stores/claims-store.ts'
import { isPlainSubject } from '../tokens/claim-checks.ts'
import { BoundedMap } from './bounded-map.ts'
import type { Caller } from './caller.ts'
import { principalOf } from './claims.ts'
import { fillProfile, isProfileIncomplete } from './profile.ts'
import type { BearerCredential, ResolvedCaller } from './resolved-caller.ts'
import { startTimeBudget, type TimeBudget } from './time-budget.ts'
import type { Userinfo, UserinfoClient } from './userinfo.ts'

/** The caller with what userinfo adds to it. Never rejects. */
export type Enricher = (resolved: ResolvedCaller, call: Call) => Promise<Caller>

export interface EnricherDeps {
  readonly userinfo: UserinfoClient
  /** Null where a function has no table for it: then each instance asks for itself. */
  readonly store: ClaimsStore | null
  readonly now: Clock
  /**
   * `match`: userinfo's subject has to be the token's `sub` or `uid`. `adopt`: userinfo is believed instead,
   * for providers whose access tokens name the client.
   */
  readonly userinfoSubject: FunctionSettings['runs']['userinfoSubject']
  /** For everything together. Default 3 seconds. */
  readonly budgetMs?: number
}

const SECOND_MS = 1_000
const DEFAULT_BUDGET_MS = 3 * SECOND_MS
const KEPT_MS = 600 * SECOND_MS
const FAILURE_KEPT_MS = 60 * SECOND_MS
/** Of tokens; a result is a few hundred bytes. */
export const MAX_REMEMBERED = 1_000

/** What is known about a token: its userinfo, or that asking failed. */
interface Remembered {
  readonly userinfo: Userinfo | undefined
  readonly untilMs: number
}

/** Why a caller stays as the token names it. */
type NoAnswer = 'subject_mismatch' | Reason

interface Answer {
  readonly userinfo: Userinfo | undefined
  readonly from: 'memory' | 'store' | 'provider' | NoAnswer
}

/** Makes the enricher; one a process, because it is the memory. */
export function createEnricher(deps: EnricherDeps): Enricher {
  const memory = new BoundedMap<TokenHash, Remembered>(MAX_REMEMBERED)
  const asking = new Map<TokenHash, Promise<Answer>>()

  function answerFor(bearer: BearerCredential): Answer | Promise<Answer> {
    const hash = createHash('sha256').update(bearer.token.reveal()).digest('hex')
    const remembered = memory.get(hash)
    if (remembered !== undefined && deps.now() < remembered.untilMs) {
      return { userinfo: remembered.userinfo, from: 'memory' }
    }
    let answer = asking.get(hash)
    if (answer === undefined) {
      answer = ask(hash, bearer, { ...deps, memory }).finally(() => asking.delete(hash))
      asking.set(hash, answer)
    }
    return answer
  }

  return async ({ caller, bearer }, call) => {
    if (bearer === undefined || !isWorthAsking(caller, bearer, deps.userinfoSubject)) return caller
    const { userinfo, from } = await answerFor(bearer)
    call.notes.userinfo = from
    return userinfo === undefined ? caller : merge(caller, bearer, userinfo)
  }
}

function isWorthAsking(
  caller: Caller,
  { verified }: BearerCredential,
  userinfoSubject: EnricherDeps['userinfoSubject'],
): boolean {
  if (caller.kind === 'user') return isProfileIncomplete(caller.profile)
  // Userinfo answers `openid` tokens only, and no client gets such a one for itself.
  const mayBePerson = principalOf(verified) === 'client-as-subject' && caller.scopes.includes('openid')
  return userinfoSubject === 'adopt' && mayBePerson
}

/** A person that the token itself does not name takes the place of what it names, whole and not field by field. */
function merge(caller: Caller, bearer: BearerCredential, userinfo: Userinfo): Caller {
  const profile = subjectsOf(bearer).includes(userinfo.subject)
    ? fillProfile(caller.profile, userinfo.profile)
    : userinfo.profile
  return { ...caller, kind: 'user', subject: userinfo.subject, profile }
}

/** The names of the token's principal: `sub`, and `uid`, which Okta's userinfo has as its subject. */
function subjectsOf({ verified }: BearerCredential): readonly string[] {
  const { uid } = verified.claims
  return isPlainSubject(uid) ? [verified.subject, uid] : [verified.subject]
}

interface AskDeps extends EnricherDeps {
  readonly memory: BoundedMap<TokenHash, Remembered>
}

async function ask(hash: TokenHash, bearer: BearerCredential, deps: AskDeps): Promise<Answer> {
  const budget = startTimeBudget(deps.budgetMs ?? DEFAULT_BUDGET_MS)
  try {
    const stored = await storedUserinfo(hash, bearer, deps, budget)
    if (stored !== undefined) return { userinfo: stored, from: 'store' }
    const userinfo = await budget.within(deps.userinfo(bearer, budget.signal))
    if (!isAccepted(userinfo, bearer, deps)) return refuse(hash, deps, 'subject_mismatch')
    await keep(hash, bearer, userinfo, deps, budget)
    return { userinfo, from: 'provider' }
  } catch (error) {
    return refuse(hash, deps, budget.signal.aborted ? 'provider_unavailable' : asServiceError(error).reason)
  } finally {
    budget.end()
  }
}

function isAccepted(userinfo: Userinfo, bearer: BearerCredential, deps: EnricherDeps): boolean {
  return deps.userinfoSubject === 'adopt' || subjectsOf(bearer).includes(userinfo.subject)
}

function refuse(hash: TokenHash, { memory, now }: AskDeps, reason: NoAnswer): Answer {
  memory.set(hash, { userinfo: undefined, untilMs: now() + FAILURE_KEPT_MS })
  return { userinfo: undefined, from: reason }
}

async function storedUserinfo(
  hash: TokenHash,
  bearer: BearerCredential,
  deps: AskDeps,
  budget: TimeBudget,
): Promise<Userinfo | undefined> {
  const stored = await budget.within(deps.store?.get(hash) ?? NOTHING).catch(() => undefined)
  if (stored === undefined || !isAccepted(stored, bearer, deps)) return undefined
  const { subject, profile } = stored
  deps.memory.set(hash, {
    userinfo: { subject, profile },
    untilMs: stored.expiresAtEpochSeconds * SECOND_MS,
  })
  return { subject, profile }
}

const NOTHING = Promise.resolve(undefined)

/** Remembers first: a slow or failing table takes nothing away from this call. */
async function keep(
  hash: TokenHash,
  bearer: BearerCredential,
  userinfo: Userinfo,
  { memory, store, now }: AskDeps,
  budget: TimeBudget,
): Promise<void> {
  const untilMs = Math.min(now() + KEPT_MS, bearer.verified.expiresAtEpochSeconds * SECOND_MS)
  memory.set(hash, { userinfo, untilMs })
  const expiresAtEpochSeconds = Math.floor(untilMs / SECOND_MS)
  await budget
    .within(store?.put(hash, { ...userinfo, expiresAtEpochSeconds }) ?? NOTHING)
    .catch(() => undefined)
}
