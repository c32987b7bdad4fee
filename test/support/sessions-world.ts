/** What tests of sessions share: somebody's provider, the Auth table, and a clock that only moves when it is told to. */
import { afterAll, beforeEach } from 'vitest'
import { startTestDatabase, type TestDatabase } from './dynamodb.ts'
import { startOpenIdProvider, type TestOpenIdProvider } from './openid-provider.ts'

export interface SessionsWorld {
  readonly provider: TestOpenIdProvider
  readonly database: TestDatabase
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly later: (seconds: number) => void
}

/**
 * Starts them for the tests of one file, and ends them after these. Nothing of one test is in the table for another:
 * each is more than a day later than the one before, with a provider and a database that behave.
 */
export async function startSessionsWorld(): Promise<SessionsWorld> {
  let nowMs = 1_800_000_000_000
  const now = () => nowMs
  const later = (seconds: number) => {
    nowMs += seconds * 1000
  }
  const [database, provider] = await Promise.all([startTestDatabase(), startOpenIdProvider(now)])
  afterAll(() => Promise.all([provider.close(), database.close()]))
  beforeEach(() => {
    provider.reset()
    database.failWith(undefined)
    later(200_000)
  })
  return { provider, database, now, later }
}
