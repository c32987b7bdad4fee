import { createHash } from 'node:crypto'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { LEASE_SECONDS } from '../../../../functions/shared/session/refresh.ts'
import { createDynamoDbRefreshStore } from '../../../../functions/shared/stores/dynamodb/refresh-store.ts'
import type { TestBrowser } from '../../../support/cookie-fixture.ts'
import { AUTH_TABLE } from '../../../support/dynamodb.ts'
import { browserWith, newInstance } from '../../../support/session-fixture.ts'
import { startSessionsWorld } from '../../../support/sessions-world.ts'
import { broken, html, json, silent } from '../../../support/test-issuer.ts'

const { provider, database, now, later } = await startSessionsWorld()

const instance = () => newInstance({ provider, database, now })
const read = (browser: TestBrowser, reader = instance()) =>
  reader.readSession({ headers: { cookie: browser.header() } })

/** A browser whose ID token has just expired. */
async function expired(): Promise<TestBrowser> {
  const browser = browserWith(await provider.session('ada'), { now })
  later(provider.idTokenSeconds)
  return browser
}

const refreshes = () =>
  provider.tokenRequests.filter(({ form }) => form.get('grant_type') === 'refresh_token')

describe('an expired ID token', () => {
  it('is refreshed in passing', async () => {
    const browser = await expired()
    const session = await read(browser)
    expect(session?.verified).toMatchObject({ subject: 'ada', isExpired: false })
    browser.take(session?.setCookies ?? [])
    expect((await read(browser))?.setCookies).toEqual([])
    expect(refreshes()).toHaveLength(1)
  })

  it('is refreshed with the client’s own credentials', async () => {
    await read(await expired())
    const [request] = refreshes()
    const sent = Buffer.from((request?.authorization ?? '').replace('Basic ', ''), 'base64').toString()
    expect(decodeURIComponent(sent)).toBe('flyte:the-client-secret+of/the+test')
    expect(request?.form.has('client_secret')).toBe(false)
  })

  it('keeps the start of its session and the profile', async () => {
    const browser = browserWith(
      { ...(await provider.session('ada')), userinfo: { sub: 'ada', name: 'Ada' } },
      { now },
    )
    const startedAt = provider.nowSeconds()
    later(400)
    browser.take((await read(browser))?.setCookies ?? [])
    expect((await read(browser))?.received).toMatchObject({
      record: { startedAtEpochSeconds: startedAt, id: 'session-1' },
      userinfo: { name: 'Ada' },
    })
  })

  for (const rotates of [true, false]) {
    it(`is refreshed once for many tabs and instances, ${rotates ? 'with' : 'without'} rotation`, async () => {
      provider.does.rotates = rotates
      provider.does.tokenDelayMs = 100
      const browser = await expired()
      const instances = [instance(), instance(), instance()]
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, tab) => read(browser.copy(), instances[tab % instances.length])),
      )
      expect(refreshes()).toHaveLength(1)
      expect(new Set(answers.map((session) => session?.idToken)).size).toBe(1)
    })
  }

  it('whose new cookies got lost is given them again, for as long as the session lasts', async () => {
    const browser = await expired()
    const asleep = browser.copy()
    browser.take((await read(browser))?.setCookies ?? [])
    for (let hours = 0; hours < 3; hours += 1) {
      later(1000)
      browser.take((await read(browser))?.setCookies ?? [])
    }
    expect(refreshes()).toHaveLength(4)
    // Three generations later, without ever sending a refresh token again that was used.
    const woken = await read(asleep)
    expect(woken?.verified.isExpired).toBe(false)
    expect(refreshes()).toHaveLength(4)
    expect(new Set(refreshes().map(({ form }) => form.get('refresh_token'))).size).toBe(4)
  })

  it('is refreshed on by a tab that slept through everything', async () => {
    const browser = await expired()
    const asleep = browser.copy()
    browser.take((await read(browser))?.setCookies ?? [])
    later(1000)
    expect((await read(asleep))?.verified.isExpired).toBe(false)
    expect((await read(browser))?.verified.isExpired).toBe(false)
    expect(refreshes()).toHaveLength(2)
  })

  it('is refreshed with the same token again where the provider does not rotate', async () => {
    provider.does.rotates = false
    const browser = await expired()
    browser.take((await read(browser))?.setCookies ?? [])
    later(1000)
    browser.take((await read(browser))?.setCookies ?? [])
    later(1000)
    expect((await read(browser))?.verified.isExpired).toBe(false)
    expect(refreshes()).toHaveLength(3)
  })

  it('is not refreshed without a refresh token', async () => {
    const { idToken } = await provider.session('ada')
    const browser = browserWith({ idToken }, { now })
    later(400)
    await expect(read(browser)).rejects.toMatchObject({ reason: 'session_expired', status: 401 })
    expect(provider.tokenRequests).toEqual([])
  })

  it('is not refreshed once the session was ended', async () => {
    const browser = await expired()
    const here = instance()
    await here.ended.end({ issuer: provider.issuer, sid: 'sid-1' }, provider.nowSeconds())
    await expect(read(browser, here)).rejects.toMatchObject({ reason: 'session_ended' })
    expect(provider.tokenRequests).toEqual([])
    later(200_000)
  })
})

describe('a refresh that the provider refuses', () => {
  it('ends the session, and the provider is not asked again', async () => {
    provider.does.answers.token = json({ error: 'invalid_grant' }, 400)
    const browser = await expired()
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(read(browser)).rejects.toMatchObject({ reason: 'session_expired', status: 401 })
    }
    expect(refreshes()).toHaveLength(1)
  })

  const answers: [string, () => void][] = [
    ['an ID token of somebody else', () => (provider.does.idTokenClaims = (c) => ({ ...c, sub: 'eve' }))],
    ['no ID token', () => (provider.does.tokenAnswer = ({ id_token: _, ...rest }) => rest)],
  ]
  for (const [what, misbehave] of answers) {
    it(`is one with ${what}`, async () => {
      const browser = await expired()
      misbehave()
      await expect(read(browser)).rejects.toMatchObject({ reason: 'session_expired' })
    })
  }

  const wrong: [string, (claims: Record<string, unknown>) => Record<string, unknown>][] = [
    ['another issuer', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['another audience', (claims) => ({ ...claims, aud: 'somebody' })],
    ['no subject', ({ sub: _, ...claims }) => claims],
    ['no time of issue', ({ iat: _, ...claims }) => claims],
  ]
  for (const [what, change] of wrong) {
    it(`is one whose ID token has ${what}`, async () => {
      const browser = await expired()
      provider.does.idTokenClaims = change
      await expect(read(browser)).rejects.toMatchObject({ reason: 'session_expired', status: 401 })
      // The refresh token was used: a second time it could be taken for stolen.
      provider.does.idTokenClaims = (claims) => claims
      await expect(read(browser)).rejects.toMatchObject({ reason: 'session_expired' })
      expect(refreshes()).toHaveLength(1)
    })
  }

  for (const error of ['interaction_required', 'login_required', 'unauthorized_client', 'invalid_scope']) {
    it(`is one that only the person can go on from: ${error}`, async () => {
      const browser = await expired()
      provider.does.answers.token = json({ error }, 400)
      await expect(read(browser)).rejects.toMatchObject({ reason: 'session_expired', status: 401 })
    })
  }
})

describe('a refresh that cannot be had now', () => {
  const outages: [string, () => void, string][] = [
    ['is down', () => (provider.does.answers.token = broken), 'provider_answer_invalid'],
    ['answers with a page', () => (provider.does.answers.token = html), 'provider_answer_invalid'],
    [
      'says so',
      () => (provider.does.answers.token = json({ error: 'temporarily_unavailable' }, 400)),
      'provider_unavailable',
    ],
    [
      'does not know this client',
      () => (provider.does.answers.token = json({ error: 'invalid_client' }, 401)),
      'provider_refused',
    ],
  ]
  for (const [what, misbehave, reason] of outages) {
    it(`because the provider ${what}, can be had later`, async () => {
      const browser = await expired()
      misbehave()
      await expect(read(browser)).rejects.toMatchObject({ reason, status: 503 })
      provider.does.answers.token = undefined
      expect((await read(browser))?.verified.isExpired).toBe(false)
    })
  }

  it('because the database is down, is not tried without it', async () => {
    const browser = await expired()
    database.failWith((operation) => (operation === 'PutItem' ? 'broken' : undefined))
    await expect(read(browser)).rejects.toMatchObject({ reason: 'store_unavailable' })
    expect(refreshes()).toEqual([])
  })

  it('because an instance died over it, is taken over', async () => {
    const browser = await expired()
    provider.does.answers.token = silent
    const dead = read(browser).catch(() => undefined)
    while (refreshes().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    provider.does.answers.token = undefined
    later(LEASE_SECONDS - 1)
    expect((await lookAtRefresh()).kind).toBe('pending')
    later(1)
    expect((await read(browser))?.verified.isExpired).toBe(false)
    provider.reset()
    void dead
  })
})

/** How the last refresh stands, for everybody who would like to be at it. */
function lookAtRefresh() {
  const token = refreshes().at(-1)?.form.get('refresh_token') ?? ''
  const store = createDynamoDbRefreshStore({ client: database.client, tableName: AUTH_TABLE, now })
  return store.look(createHash('sha256').update(token).digest('hex'))
}

describe('what a refresh leaves behind', () => {
  it('is sealed: neither token is in the table', async () => {
    const browser = await expired()
    const session = await read(browser)
    const { Items = [] } = await database.client.send(new ScanCommand({ TableName: AUTH_TABLE }))
    const stored = JSON.stringify(Items)
    expect(stored).toContain('REFRESH#')
    expect(stored).not.toContain(session?.idToken)
    expect(stored).not.toContain('refresh-')
    expect(stored).not.toContain('access-of')
  })

  it('even kept for one refresh token opens for no other', async () => {
    const store = createDynamoDbRefreshStore({ client: database.client, tableName: AUTH_TABLE, now })
    const browser = await expired()
    const { Items: before = [] } = await database.client.send(new ScanCommand({ TableName: AUTH_TABLE }))
    await read(browser)
    const { Items = [] } = await database.client.send(new ScanCommand({ TableName: AUTH_TABLE }))
    const made = Items.find((item) => !before.some((old) => old.pk?.S === item.pk?.S))
    const other = browserWith(await provider.session('ada'), { now })
    later(400)
    const refused = await provider.session('ada')
    const { createHash } = await import('node:crypto')
    const key = createHash('sha256').update(refused.refreshToken).digest('hex')
    const claim = { key, owner: 'test' }
    await store.claim(claim, 10)
    const moved = {
      rotated: true,
      freshUntilEpochSeconds: provider.nowSeconds(),
      expiresAtEpochSeconds: provider.nowSeconds() + 9999,
    }
    await store.complete(claim, { sealed: made?.sealed?.S ?? '', ...moved })
    const browserOfMoved = browserWith({ ...refused }, { now })
    later(400)
    await expect(read(browserOfMoved)).rejects.toMatchObject({ reason: 'session_expired' })
    expect((await read(other))?.verified.isExpired).toBe(false)
  })
})
