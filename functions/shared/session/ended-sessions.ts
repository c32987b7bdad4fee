/**
 * Sessions that were ended before their time: by signing out, or by the provider (OpenID Connect Back-Channel
 * Logout 1.0).
 */
import { createHash } from 'node:crypto'
import { type Clock, epochSeconds } from '../clock.ts'
import { BoundedMap } from '../identity/bounded-map.ts'
import type { EndedKey, EndedSessionStore } from '../stores/session-store.ts'
import type { SessionRecord } from './session-cookies.ts'

/** By what a session can be ended. */
export interface SessionNames {
  readonly issuer: string
  readonly subject?: string | undefined
  readonly sid?: string | undefined
  readonly id?: string | undefined
}

export interface EndedSessions {
  /**
   * Ends the sessions under these names that began until `endedAtEpochSeconds`: of the session id, else of the
   * provider's `sid`, else all of the subject.
   */
  readonly end: (names: SessionNames, endedAtEpochSeconds: number) => Promise<void>
  /** Whether a session was ended. The answer may be {@link REMEMBERED_SECONDS} old. */
  readonly isEnded: (names: SessionNames, record: SessionRecord) => Promise<boolean>
}

/** How long an instance believes that a session was not ended. */
export const REMEMBERED_SECONDS = 15
const MAX_REMEMBERED = 3_000

export interface EndedSessionsDeps {
  readonly store: EndedSessionStore
  readonly now: Clock
  /** Until then no session that began earlier can be alive. */
  readonly absoluteSeconds: number
}

interface Remembered {
  readonly endedAt: number | undefined
  readonly askedAt: number
}

/** Makes it; one a process, because it remembers. */
export function createEndedSessions({ store, now, absoluteSeconds }: EndedSessionsDeps): EndedSessions {
  const remembered = new BoundedMap<EndedKey, Remembered>(MAX_REMEMBERED)

  async function endedAt(key: EndedKey): Promise<number | undefined> {
    const askedAt = epochSeconds(now())
    const known = remembered.get(key)
    if (known !== undefined && askedAt - known.askedAt < REMEMBERED_SECONDS) return known.endedAt
    const found = await store.endedAt(key)
    remembered.set(key, { endedAt: found, askedAt })
    return found
  }

  return {
    async end(names, endedAtEpochSeconds) {
      const [key] = keysOf(names)
      if (key === undefined) throw new TypeError('nothing names the sessions to end')
      await store.end(key, {
        endedAtEpochSeconds,
        expiresAtEpochSeconds: epochSeconds(now()) + absoluteSeconds,
      })
      remembered.set(key, { endedAt: endedAtEpochSeconds, askedAt: epochSeconds(now()) })
    },
    async isEnded(names, { startedAtEpochSeconds }) {
      const times = await Promise.all(keysOf(names).map(endedAt))
      return times.some((time) => time !== undefined && startedAtEpochSeconds <= time)
    },
  }
}

/** The narrowest first. A name is hashed with its kind and issuer, so that none can be taken for another. */
function keysOf({ issuer, subject, sid, id }: SessionNames): EndedKey[] {
  const named: [kind: string, name: string | undefined][] = [
    ['id', id],
    ['sid', sid],
    ['sub', subject],
  ]
  return named.flatMap(([kind, name]) =>
    name === undefined
      ? []
      : [
          createHash('sha256')
            .update(JSON.stringify([kind, issuer, name]))
            .digest('hex'),
        ],
  )
}
