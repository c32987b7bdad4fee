/** Rotation of the signing keys, with tokens issued and verified all the while. */
import * as oauth from 'oauth4webapi'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { rotateKeys, rotationSchedule } from '../../../functions/authorization-server/rotate.ts'
import type { ReplaceableSecret } from '../../../functions/shared/replaceable-secret.ts'
import {
  CURRENT_KEY,
  createKeyDocumentSource,
  KEYS_FRESH_MS,
  NEXT_KEY,
  OLD_KEY,
  parseKeyDocument,
  publicHalfOf,
  signingKeysOf,
} from '../../../functions/shared/tokens/key-document.ts'
import { fetchThrough } from '../../support/alb-event.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { openBrowser } from './support/browser.ts'
import { codeFor, headerOf, redeem, refresh, tokensOf } from './support/flow.ts'
import { ISSUER, newPem, startTestServer, type TestServer } from './support/server.ts'

const DAY = 24 * 3_600
const SCHEDULE = rotationSchedule(1_800)

let database: TestDatabase
let server: TestServer
let version: number

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  server = startTestServer(database, {
    settings: { refreshIdleSeconds: 400 * DAY, refreshAbsoluteSeconds: 400 * DAY },
  })
  version = 1
})
afterEach(() => vi.useRealTimers())

function moveClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

/** The secret that the server reads its keys from. */
const secret: ReplaceableSecret = {
  read: async () => ({ text: JSON.stringify(server.secrets.keys), version: String(version) }),
  replace: async (text, basedOn) => {
    if (basedOn.version !== String(version)) return false
    version += 1
    server.secrets.keys = JSON.parse(text)
    return true
  },
}

const rotate = () => rotateKeys({ secret, schedule: SCHEDULE, now: Date.now })
const names = () => Object.keys(server.secrets.keys).sort()

async function publishedKids(): Promise<string[]> {
  const { keys } = (await server.call({ path: '/oauth2/jwks' })).json() as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

function verified(token: string) {
  return oauth.validateJwtAccessToken(
    { issuer: ISSUER, jwks_uri: `${ISSUER}/oauth2/jwks` },
    new Request('https://api.example.com', { headers: { authorization: `Bearer ${token}` } }),
    ISSUER,
    { [oauth.customFetch]: fetchThrough(server.handler) as never },
  )
}

describe('rotation', () => {
  it('makes the first key where there is none', async () => {
    server.secrets.keys = {}
    expect(await rotate()).toBe('created')
    expect(names()).toEqual(['changedAt', CURRENT_KEY])
    expect(await publishedKids()).toHaveLength(1)
  })

  it('begins to count at the first run, for keys that do not say how old they are', async () => {
    expect(await rotate()).toBe('created')
    expect(await rotate()).toBe('unchanged')
    moveClock(89 * DAY)
    expect(await rotate()).toBe('unchanged')
  })

  it('publishes a key before it signs, and keeps the old one until its tokens have died', async () => {
    await rotate()
    const browser = openBrowser(server.handler)
    let tokens = tokensOf(await redeem(server, await codeFor(browser)))
    const firstKid = headerOf(tokens.access_token).kid

    async function afterStep(step: string, seconds: number): Promise<unknown> {
      const before = tokens.access_token
      moveClock(seconds)
      expect(await rotate()).toBe(step)
      moveClock(KEYS_FRESH_MS / 1000 + 1)
      tokens = tokensOf(await refresh(server, tokens.refresh_token))
      await verified(tokens.access_token)
      const published = await publishedKids()
      expect(published).toContain(headerOf(tokens.access_token).kid)
      return {
        published: published.length,
        previousKeyPublished: published.includes(String(headerOf(before).kid)),
      }
    }

    expect(await afterStep('published', 90 * DAY)).toEqual({ published: 2, previousKeyPublished: true })
    expect(headerOf(tokens.access_token).kid).toBe(firstKid)
    expect(await afterStep('unchanged', DAY / 2)).toEqual({ published: 2, previousKeyPublished: true })
    expect(headerOf(tokens.access_token).kid).toBe(firstKid)
    expect(await afterStep('promoted', DAY / 2)).toEqual({ published: 2, previousKeyPublished: true })
    expect(headerOf(tokens.access_token).kid).not.toBe(firstKid)
    expect(await publishedKids()).toContain(firstKid)
    expect(await afterStep('unchanged', 1_800)).toMatchObject({ published: 2 })
    expect(await afterStep('retired', 3_600)).toEqual({ published: 1, previousKeyPublished: true })
    expect(await publishedKids()).not.toContain(firstKid)
  })

  it('is done by one of two runs at the same moment', async () => {
    server.secrets.keys = {}
    expect((await Promise.all([rotate(), rotate()])).sort()).toEqual(['created', 'overtaken'])
  })

  it('does no harm when a run fails, or comes late', async () => {
    await rotate()
    moveClock(200 * DAY)
    expect(await rotate()).toBe('published')
    expect(names()).toEqual(['changedAt', NEXT_KEY, CURRENT_KEY].sort())
    moveClock(30 * DAY)
    expect(await rotate()).toBe('promoted')
    expect(names()).toEqual(['changedAt', CURRENT_KEY, OLD_KEY].sort())
    expect(server.secrets.keys[CURRENT_KEY]).toContain('PRIVATE KEY')
    expect(server.secrets.keys[OLD_KEY]).not.toContain('PRIVATE')
  })

  it('leaves alone what else is in the secret', async () => {
    server.secrets.keys = { [CURRENT_KEY]: newPem(), another: 'thing' } as never
    await rotate()
    expect(server.secrets.keys).toMatchObject({ another: 'thing' })
  })

  it('loses no refresh under load', async () => {
    await rotate()
    const browser = openBrowser(server.handler)
    const families = await Promise.all(
      [1, 2, 3, 4].map(async () => tokensOf(await redeem(server, await codeFor(browser)))),
    )
    for (const seconds of [90 * DAY, DAY, 2 * 3_600]) {
      moveClock(seconds)
      const [, ...answers] = await Promise.all([
        rotate(),
        ...families.map(({ refresh_token: token }) => refresh(server, token)),
      ])
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      for (const [index, answer] of answers.entries()) {
        families[index] = tokensOf(answer)
        await verified(tokensOf(answer).access_token)
      }
    }
  })
})

describe('a document of keys', () => {
  const bad: readonly [string, string][] = [
    ['is no JSON', 'not JSON'],
    ['is a list', '[]'],
    ['is null', 'null'],
    ['has a key that is no text', JSON.stringify({ [CURRENT_KEY]: 1 })],
  ]
  for (const [name, text] of bad) {
    it(`is not one if it ${name}`, () => {
      expect(() => parseKeyDocument(text)).toThrow(expect.objectContaining({ reason: 'keys_unavailable' }))
    })
  }

  const unusable: readonly [string, Record<string, string>][] = [
    ['has no current key', {}],
    ['has only a next key', { [NEXT_KEY]: newPem() }],
    ['has a key that is none', { [CURRENT_KEY]: 'S3CRET' }],
    ['has a short key', { [CURRENT_KEY]: newPem(1024) }],
    ['has a current key that is only public', { [CURRENT_KEY]: publicHalfOf(newPem()) }],
    ['has a next key that is only public', { [CURRENT_KEY]: newPem(), [NEXT_KEY]: publicHalfOf(newPem()) }],
    ['has an old key that is none', { [CURRENT_KEY]: newPem(), [OLD_KEY]: 'S3CRET' }],
  ]
  for (const [name, document] of unusable) {
    it(`signs nothing if it ${name}, and says nothing of what is in it`, () => {
      expect(() => signingKeysOf(document)).toThrow(
        expect.objectContaining({
          reason: 'keys_unavailable',
          message: expect.not.stringContaining('S3CRET'),
        }),
      )
    })
  }

  it('takes an old key from a Flyte 1 deployment, which kept all of it', () => {
    const { published } = signingKeysOf({ [CURRENT_KEY]: newPem(), [OLD_KEY]: newPem() })
    expect(published).toHaveLength(2)
  })

  it('publishes nothing private', async () => {
    const answer = await server.call({ path: '/oauth2/jwks' })
    const { keys } = answer.json() as { keys: Record<string, unknown>[] }
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']])
    expect(answer.headers['cache-control']).toBe('public, max-age=300')
  })

  it('serves on while it cannot be read', async () => {
    let isDown = false
    let nowMs = 0
    const document = JSON.stringify({ [CURRENT_KEY]: newPem() })
    const source = createKeyDocumentSource({
      readSecret: async () => (isDown ? Promise.reject(new Error('down')) : document),
      secretName: 'keys',
      now: () => nowMs,
    })
    const { current } = await source()
    isDown = true
    nowMs += KEYS_FRESH_MS + 1
    expect((await source()).current.published.kid).toBe(current.published.kid)
  })
})
