/** Refresh tokens: one successor each, a grace for a lost answer, and the end of a family (RFC 9700 section 4.14). */
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { AUTH_TABLE, startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { type Browser, openBrowser } from './support/browser.ts'
import {
  basic,
  claimsOf,
  codeFor,
  postForm,
  redeem,
  refresh,
  refusalOf,
  type Tokens,
  tokensOf,
} from './support/flow.ts'
import { DASHBOARD, DASHBOARD_SECRET, startTestServer, type TestServer } from './support/server.ts'

const INVALID_GRANT = { status: 400, error: 'invalid_grant' }
const MINUTE = 60
const DAY = 24 * 60 * MINUTE

let database: TestDatabase
let server: TestServer
let browser: Browser
let first: Tokens

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  server = startTestServer(database)
  browser = openBrowser(server.handler)
  first = tokensOf(await redeem(server, await codeFor(browser)))
})
afterEach(() => vi.useRealTimers())

function moveClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

function tally(operations: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const operation of operations) counts[operation] = (counts[operation] ?? 0) + 1
  return counts
}

async function refreshed(token: string): Promise<Tokens> {
  const answer = await refresh(server, token)
  expect(answer.status).toBe(200)
  return tokensOf(answer)
}

describe('a refresh token', () => {
  it('gives new tokens for the same person, client, scope and sign-in', async () => {
    const next = await refreshed(first.refresh_token)
    const [before, after] = [claimsOf(first.access_token), claimsOf(next.access_token)]
    expect(next.refresh_token).not.toBe(first.refresh_token)
    expect(after.jti).not.toBe(before.jti)
    for (const claim of ['sub', 'client_id', 'scope', 'sid', 'user_info', 'aud', 'iss']) {
      expect(after[claim]).toEqual(before[claim])
    }
  })

  it('has one successor, even for several at the same moment, who lose nothing by it', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(server, first.refresh_token)))
    const given = answers
      .filter(({ status }) => status === 200)
      .map((answer) => tokensOf(answer).refresh_token)
    expect(new Set(given).size).toBe(1)
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(refusalOf(answer)).toEqual(INVALID_GRANT)
    }
    await refreshed(given[0] as string)
  })

  it('gives the same successor once more to a client whose answer was lost', async () => {
    const lost = await refreshed(first.refresh_token)
    moveClock(20)
    const again = await refreshed(first.refresh_token)
    expect(again).toEqual(lost)
    await refreshed(again.refresh_token)
  })

  it('does not give it to another client', async () => {
    await refreshed(first.refresh_token)
    expect(refusalOf(await refresh(server, first.refresh_token, { client_id: 'flyte-cli' }))).toEqual(
      INVALID_GRANT,
    )
  })

  it('ends its family when it comes again after its successor was used', async () => {
    const second = await refreshed(first.refresh_token)
    const third = await refreshed(second.refresh_token)
    expect(refusalOf(await refresh(server, first.refresh_token))).toEqual(INVALID_GRANT)
    expect(refusalOf(await refresh(server, third.refresh_token))).toEqual(INVALID_GRANT)
  })

  it('ends its family when it comes again after the grace', async () => {
    const second = await refreshed(first.refresh_token)
    moveClock(32)
    expect(refusalOf(await refresh(server, first.refresh_token))).toEqual(INVALID_GRANT)
    expect(refusalOf(await refresh(server, second.refresh_token))).toEqual(INVALID_GRANT)
  })

  it('gives nothing again of a family that has ended', async () => {
    await refreshed(first.refresh_token)
    await postForm(server, '/oauth2/revoke', { client_id: 'flytectl', token: first.refresh_token })
    const second = await refresh(server, first.refresh_token)
    expect(refusalOf(second)).toEqual(INVALID_GRANT)
  })

  it('ends its own family only', async () => {
    const other = tokensOf(await redeem(server, await codeFor(browser)))
    await refreshed(first.refresh_token)
    moveClock(32)
    await refresh(server, first.refresh_token)
    await refreshed(other.refresh_token)
  })

  it('ends when it is idle for an hour', async () => {
    moveClock(60 * MINUTE - 1)
    const second = await refreshed(first.refresh_token)
    moveClock(60 * MINUTE + 1)
    expect(refusalOf(await refresh(server, second.refresh_token))).toEqual(INVALID_GRANT)
  })

  it('ends a week after the sign-in, however often it was used', async () => {
    server = startTestServer(database, { settings: { refreshIdleSeconds: DAY } })
    let { refresh_token: token } = first
    for (let day = 0; day < 7; day += 1) {
      token = (await refreshed(token)).refresh_token
      moveClock(day === 0 ? 59 * MINUTE : DAY - 10 * MINUTE)
    }
    moveClock(DAY)
    expect(refusalOf(await refresh(server, token))).toEqual(INVALID_GRANT)
  })

  it('may be asked for less, and never for more', async () => {
    const answer = await refresh(server, first.refresh_token, { scope: 'all' })
    const less = tokensOf(answer)
    expect(claimsOf(less.access_token).scope).toBe('all')
    expect(refusalOf(await refresh(server, less.refresh_token, { scope: 'all admin' }))).toEqual({
      status: 400,
      error: 'invalid_scope',
    })
  })

  it('is not used up by a request for an audience that it is not for', async () => {
    const elsewhere = { audience: 'https://other.example.com' }
    expect(refusalOf(await refresh(server, first.refresh_token, elsewhere))).toEqual({
      status: 400,
      error: 'invalid_target',
    })
    const next = await refreshed(first.refresh_token)
    await refreshed(next.refresh_token)
  })

  it('is not used up by a database that did as it was told, and did not say so', async () => {
    const isRedemption = (operation: string, body: string) =>
      operation === 'UpdateItem' && body.includes('consumedAt = :now')
    database.failWith((operation, body) => (isRedemption(operation, body) ? 'lost-answer' : undefined))
    expect((await refresh(server, first.refresh_token)).status).toBe(503)
    database.failWith(undefined)
    await refreshed(first.refresh_token)
  })

  it('is worth nothing to another client', async () => {
    expect(refusalOf(await refresh(server, first.refresh_token, { client_id: 'flyte-cli' }))).toEqual(
      INVALID_GRANT,
    )
    const form = { grant_type: 'refresh_token', refresh_token: first.refresh_token }
    const authorization = basic(DASHBOARD, DASHBOARD_SECRET)
    expect(refusalOf(await postForm(server, '/oauth2/token', form, { authorization }))).toEqual(INVALID_GRANT)
    await refreshed(first.refresh_token)
  })

  it('is not an access token, nor made up', async () => {
    for (const token of [first.access_token, 'x', 'x'.repeat(2000), `${first.refresh_token}x`]) {
      expect(refusalOf(await refresh(server, token))).toEqual(INVALID_GRANT)
    }
  })

  it('names the person as they were at their last sign-in', async () => {
    const next = await refreshed(first.refresh_token)
    expect(claimsOf(next.access_token).user_info).toMatchObject({
      name: 'Ada Lovelace',
      email: 'ada@example.com',
    })
  })

  it('is in no table, and neither is what it is exchanged for', async () => {
    const next = await refreshed(first.refresh_token)
    const { Items: items } = await database.client.send(new ScanCommand({ TableName: AUTH_TABLE }))
    const stored = JSON.stringify(items)
    for (const token of [first.refresh_token, next.refresh_token, next.access_token]) {
      expect(stored).not.toContain(token)
    }
  })

  it('costs three reads and five writes, of which two count the request', async () => {
    database.forget()
    await refreshed(first.refresh_token)
    const { GetItem: reads = 0, UpdateItem: updates = 0, PutItem: puts = 0 } = tally(database.operations)
    expect({ reads, updates, puts }).toEqual({ reads: 3, updates: 3, puts: 2 })
  })

  it('is not lost with an answer that could not be kept for another time', async () => {
    database.failWith((_operation, body) => (body.includes('RefreshAnswer') ? 'broken' : undefined))
    const next = await refreshed(first.refresh_token)
    database.failWith(undefined)
    await refreshed(next.refresh_token)
  })
})
