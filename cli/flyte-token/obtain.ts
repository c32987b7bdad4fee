/**
 * The way to a token: what is kept, while it lasts; else a refresh that nobody notices; else a sign-in. Of several
 * commands that need the same one at once, one gets it and the others take it over.
 */
import { withLock } from '../shared/lock.ts'
import type { Context } from './context.ts'
import { type Entry, type EntryKey, entryId } from './store/entry.ts'

/** A kept token is handed out only while more of its life than this is left, in seconds. */
export const MARGIN_SECONDS = 300

export type TokenKind = 'idToken' | 'accessToken'

export interface Wanted {
  readonly key: EntryKey
  readonly token: TokenKind
  /** Leave aside what was kept before this command was started. */
  readonly force: boolean
  /** A new entry made of the one that is kept, without asking anybody; undefined if a sign-in is due. */
  readonly refresh: (entry: Entry) => Promise<Entry | undefined>
  readonly signIn: () => Promise<Entry>
}

export interface Obtained {
  readonly token: string
  readonly expiresAtEpochSeconds: number | undefined
  readonly subject: string | undefined
  readonly from: 'cache' | 'refresh' | 'sign-in'
}

/** Gets the token that is wanted. @throws {CommandError} */
export async function obtain(wanted: Wanted, context: Context): Promise<Obtained> {
  const { store, now, signal, say } = context
  const id = entryId(wanted.key)
  const startedAtMs = now()
  const kept = wanted.force ? undefined : await store.read(id)
  const fresh = kept && fromCache(kept, wanted, { nowMs: startedAtMs })
  if (fresh) return fresh
  const onWait = () => say('Another flyte-token is getting this token; waiting for it.')
  return withLock({ path: store.lockPath(id), signal, onWait }, async () => {
    const entry = await store.read(id)
    const usable = entry && fromCache(entry, wanted, { nowMs: now(), startedAtMs })
    if (usable) return usable
    const refreshed = entry === undefined || wanted.force ? undefined : await wanted.refresh(entry)
    const [next, from] =
      refreshed === undefined ? [await wanted.signIn(), 'sign-in' as const] : [refreshed, 'refresh' as const]
    await store.write(id, next)
    return describe(next, wanted.token, from)
  })
}

/**
 * The token of an entry, if it lasts long enough. One that another command got while this one was waiting counts as
 * new: some providers give tokens that never last as long as the margin.
 */
function fromCache(
  entry: Entry,
  wanted: Pick<Wanted, 'token' | 'force'>,
  { nowMs, startedAtMs }: { nowMs: number; startedAtMs?: number },
): Obtained | undefined {
  const obtained = describeIfPresent(entry, wanted.token, 'cache')
  const expiry = obtained?.expiresAtEpochSeconds
  if (obtained === undefined || expiry === undefined) return undefined
  const isNew = startedAtMs !== undefined && entry.facts.savedAtMs >= startedAtMs
  if (wanted.force && !isNew) return undefined
  const leftSeconds = expiry - nowMs / 1000
  return leftSeconds > (isNew ? 0 : MARGIN_SECONDS) ? obtained : undefined
}

function describe(entry: Entry, kind: TokenKind, from: Obtained['from']): Obtained {
  const obtained = describeIfPresent(entry, kind, from)
  if (obtained === undefined) throw new TypeError('an entry was made without the token that was wanted')
  return obtained
}

function describeIfPresent(entry: Entry, kind: TokenKind, from: Obtained['from']): Obtained | undefined {
  const token = entry.tokens[kind]
  if (token === undefined) return undefined
  const { idTokenExpiresAt, accessTokenExpiresAt, subject } = entry.facts
  const expiresAtEpochSeconds = kind === 'idToken' ? idTokenExpiresAt : accessTokenExpiresAt
  return { token, expiresAtEpochSeconds, subject, from }
}
