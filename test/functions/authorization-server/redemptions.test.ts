/** What is given back after a failure, against whoever asks at the same moment: never two successes, never a replay. */
import { createPrivateKey } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ServiceError } from '../../../functions/shared/errors.ts'
import { localSigningKey } from '../../../functions/shared/tokens/signing-keys.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { type Browser, openBrowser } from './support/browser.ts'
import { codeFor, redeem, refresh, refusalOf, tokensOf } from './support/flow.ts'
import { newPem, startTestServer, type TestServer } from './support/server.ts'

const INVALID_GRANT = { status: 400, error: 'invalid_grant' }
const UNAVAILABLE = { status: 503, error: 'temporarily_unavailable' }
const PEM = newPem()

let database: TestDatabase
let server: TestServer
let browser: Browser
/** Runs before each signature. */
let beforeSigning: () => Promise<void>

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  beforeSigning = async () => undefined
  const key = localSigningKey(createPrivateKey(PEM))
  const current = {
    ...key,
    sign: async (data: Uint8Array) => {
      await beforeSigning()
      return key.sign(data)
    },
  }
  server = startTestServer(database, { keys: () => ({ current, published: [key.published] }) })
  browser = openBrowser(server.handler)
})
afterEach(() => vi.useRealTimers())

/** The next request redeems, comes as far as its signature, and waits there to be told that there will be none. */
function holdNextSignature(): { readonly isReached: Promise<void>; readonly fail: () => void } {
  let reach: () => void = () => undefined
  let fail: () => void = () => undefined
  const isReached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const failing = new Promise<void>((_resolve, reject) => {
    fail = () => reject(new ServiceError('keys_unavailable'))
  })
  beforeSigning = () => {
    beforeSigning = async () => undefined
    reach()
    return failing
  }
  return { isReached, fail }
}

const signedIn = async () => tokensOf(await redeem(server, await codeFor(browser)))

describe('while an answer is under way that will fail', () => {
  it('a code that comes again takes everything back, and is not given back afterwards', async () => {
    const code = await codeFor(browser)
    const held = holdNextSignature()
    const first = redeem(server, code)
    await held.isReached
    expect(refusalOf(await redeem(server, code))).toEqual(INVALID_GRANT)
    held.fail()
    expect(refusalOf(await first)).toEqual(UNAVAILABLE)
    expect(refusalOf(await redeem(server, code))).toEqual(INVALID_GRANT)
  })

  it('a refresh token that comes again is refused, and works afterwards', async () => {
    const { refresh_token: token } = await signedIn()
    const held = holdNextSignature()
    const first = refresh(server, token)
    await held.isReached
    expect(refusalOf(await refresh(server, token))).toEqual(INVALID_GRANT)
    held.fail()
    expect(refusalOf(await first)).toEqual(UNAVAILABLE)
    expect((await refresh(server, token)).status).toBe(200)
  })

  it('a refresh token that comes again after the grace ends its family, and stays redeemed', async () => {
    const { refresh_token: token } = await signedIn()
    const held = holdNextSignature()
    const first = refresh(server, token)
    await held.isReached
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 32_000 })
    expect(refusalOf(await refresh(server, token))).toEqual(INVALID_GRANT)
    held.fail()
    expect(refusalOf(await first)).toEqual(UNAVAILABLE)
    expect(refusalOf(await refresh(server, token))).toEqual(INVALID_GRANT)
  })

  it('a release that is carried out twice frees no redemption of somebody else', async () => {
    const { refresh_token: token } = await signedIn()
    const held = holdNextSignature()
    const first = refresh(server, token)
    await held.isReached
    let lost = 1
    database.failWith((_operation, body) =>
      body.includes('REMOVE consumedAt') && lost-- > 0 ? 'lost-answer' : undefined,
    )
    held.fail()
    expect(refusalOf(await first)).toEqual(UNAVAILABLE)
    database.failWith(undefined)
    const second = tokensOf(await refresh(server, token))
    const third = await refresh(server, token)
    expect(tokensOf(third).refresh_token).toBe(second.refresh_token)
  })
})

describe('where every other signature fails', () => {
  it('codes and refresh tokens have one success each, whoever asks and however often', async () => {
    let signatures = 0
    const { refresh_token: token } = await signedIn()
    const code = await codeFor(browser)
    beforeSigning = async () => {
      signatures += 1
      if (signatures % 2 === 1) throw new ServiceError('keys_unavailable')
    }
    const [codes, refreshes] = [[], []] as [string[], string[]]
    for (let round = 0; round < 4; round += 1) {
      const ask = async (answering: ReturnType<typeof refresh>, into: string[]) => {
        const answer = await answering
        if (answer.status === 200) into.push(tokensOf(answer).refresh_token)
      }
      await Promise.all([1, 2, 3].map(() => ask(refresh(server, token), refreshes)))
      await ask(redeem(server, code), codes)
    }
    expect(new Set(refreshes).size).toBe(1)
    expect(codes.length).toBeLessThanOrEqual(1)
  })
})
