/** Too many requests: told with 429, when to come again, and nobody else's fault. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../functions/authorization-server/rate-limit.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { basic, postForm, refusalOf } from './support/flow.ts'
import { REPORTER, REPORTER_SECRET, startTestServer, type TestServer } from './support/server.ts'

let database: TestDatabase
let server: TestServer

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  // Requests are counted by the minute: one that ends in the middle of a test would let them all through again.
  const startedMs = Date.now()
  server = startTestServer(database, { now: () => startedMs })
})

const asService = (secret: string, address: string) =>
  postForm(
    server,
    '/oauth2/token',
    { grant_type: 'client_credentials' },
    { authorization: basic(REPORTER, secret), 'x-forwarded-for': address },
  )

const startDevice = (address: string, client = 'flytectl') =>
  postForm(server, '/oauth2/device_authorization', { client_id: client }, { 'x-forwarded-for': address })

describe('a client that guesses its secret', () => {
  it('waits after a dozen wrong ones, and so does the right one from there', async () => {
    const statuses: number[] = []
    for (let n = 0; n < 14; n += 1) statuses.push((await asService('wrong', '198.51.100.1')).status)
    expect(statuses.slice(0, 11)).toEqual(Array.from({ length: 11 }, () => 401))
    expect(statuses.at(-1)).toBe(429)
    expect((await asService(REPORTER_SECRET, '198.51.100.1')).status).toBe(429)
  })

  it('shuts nobody out who comes from elsewhere', async () => {
    for (let n = 0; n < 14; n += 1) await asService('wrong', '198.51.100.2')
    expect((await asService(REPORTER_SECRET, '198.51.100.3')).status).toBe(200)
  })

  it('cannot choose its address: the load balancer writes that at the end', async () => {
    for (let n = 0; n < 14; n += 1) await asService('wrong', `10.0.0.${n}, 198.51.100.4`)
    expect((await asService('wrong', '10.9.9.9, 198.51.100.4')).status).toBe(429)
  })
})

describe('a client that guesses its secret in other words', () => {
  it('is the same client, however its name is written', async () => {
    const name = [...REPORTER].map((letter) => `%${letter.charCodeAt(0).toString(16)}`)
    const written = (n: number) =>
      [...REPORTER].map((letter, at) => (at === n % 8 ? name[at] : letter)).join('')
    const guess = (n: number) =>
      postForm(
        server,
        '/oauth2/token',
        { grant_type: 'client_credentials' },
        {
          authorization: `Basic ${Buffer.from(`${written(n)}:wrong`).toString('base64')}`,
          'x-forwarded-for': '198.51.100.8',
        },
      )
    for (let n = 0; n < 14; n += 1) await guess(n)
    expect((await guess(14)).status).toBe(429)
  })
})

describe('devices', () => {
  it('are started so many times a minute by one client at one address', async () => {
    const { perParty } = LIMITS.device
    for (let n = 0; n < perParty; n += 1) await startDevice('198.51.100.5')
    const answer = await startDevice('198.51.100.5')
    expect(refusalOf(answer)).toEqual({ status: 429, error: 'temporarily_unavailable' })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(server.ended.at(-1)?.call.outcome).toBe('rate_limited')
    expect((await startDevice('198.51.100.5', 'flyte-cli')).status).toBe(200)
    expect((await startDevice('198.51.100.6')).status).toBe(200)
  })
})
