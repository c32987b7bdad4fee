/** Secrets, refresh tokens and processes that change while everybody goes on asking. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { openBrowser } from './support/browser.ts'
import { basic, claimsOf, codeFor, postForm, redeem, refresh, type Tokens, tokensOf } from './support/flow.ts'
import { bcryptHash, REPORTER, REPORTER_SECRET, startTestServer, type TestServer } from './support/server.ts'

const NEW_SECRET = 'the next secret of the reporter'
const CALLS_AT_ONCE = 8

let database: TestDatabase
let server: TestServer

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  server = startTestServer(database)
})

const asService = (secret: string) =>
  postForm(
    server,
    '/oauth2/token',
    { grant_type: 'client_credentials' },
    { authorization: basic(REPORTER, secret) },
  )

async function statusesOf(secret: string): Promise<Set<number>> {
  const calls = Array.from({ length: CALLS_AT_ONCE }, () => asService(secret))
  return new Set((await Promise.all(calls)).map(({ status }) => status))
}

const signIn = async (): Promise<Tokens> =>
  tokensOf(await redeem(server, await codeFor(openBrowser(server.handler))))

describe('under load', () => {
  it('a service changes its secret, and no call of it is refused', async () => {
    expect(await statusesOf(REPORTER_SECRET)).toEqual(new Set([200]))
    server.secrets.clients = { [REPORTER]: [bcryptHash(NEW_SECRET), bcryptHash(REPORTER_SECRET)] }
    const both = await Promise.all([statusesOf(REPORTER_SECRET), statusesOf(NEW_SECRET)])
    expect(both).toEqual([new Set([200]), new Set([200])])
    server.secrets.clients = { [REPORTER]: [bcryptHash(NEW_SECRET)] }
    expect(await statusesOf(NEW_SECRET)).toEqual(new Set([200]))
    expect(await statusesOf(REPORTER_SECRET)).toEqual(new Set([401]))
  })

  it('refresh tokens rotate through generations, with answers that get lost and processes that end', async () => {
    let families = await Promise.all(Array.from({ length: CALLS_AT_ONCE }, signIn))
    const subjects = new Set<unknown>()
    for (let generation = 0; generation < 4; generation += 1) {
      families = await Promise.all(
        families.map(async ({ refresh_token: token }, index) => {
          const answer = await refresh(server, token)
          // Every other client did not get its answer, and asks again.
          return tokensOf(index % 2 === 0 ? answer : await refresh(server, token))
        }),
      )
      server.restart()
      for (const { access_token: token } of families) subjects.add(claimsOf(token).sub)
    }
    expect(subjects).toEqual(new Set(['ada']))
    expect(new Set(families.map(({ refresh_token: token }) => token)).size).toBe(CALLS_AT_ONCE)
  })

  it('codes are redeemed once each, however many ask for each', async () => {
    const codes = await Promise.all(Array.from({ length: 4 }, () => codeFor(openBrowser(server.handler))))
    const answers = await Promise.all(
      codes.map((code) => Promise.all([1, 2, 3].map(() => redeem(server, code)))),
    )
    for (const ofOne of answers) {
      expect(ofOne.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    }
  })
})

describe('lifetimes', () => {
  it('are those of the settings', async () => {
    server = startTestServer(database, {
      settings: { accessTokenSeconds: 120, authorizationCodeSeconds: 60, refreshIdleSeconds: 600 },
    })
    for (const tokens of [await signIn(), tokensOf(await asService(REPORTER_SECRET))]) {
      const { iat, exp } = claimsOf(tokens.access_token)
      expect([tokens.expires_in, Number(exp) - Number(iat)]).toEqual([120, 120])
    }
  })
})
