/** The device flow (RFC 8628). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { type Browser, hiddenField, openBrowser } from './support/browser.ts'
import { claimsOf, type Parameters, postForm, refusalOf, tokensOf } from './support/flow.ts'
import { ADA, ISSUER, REPORTER, STRANGER, startTestServer, type TestServer } from './support/server.ts'

const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

interface Device {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly expires_in: number
  readonly interval: number
}

let database: TestDatabase
let server: TestServer
let browser: Browser

beforeAll(async () => {
  database = await startTestDatabase()
})
afterAll(() => database.close())
beforeEach(() => {
  server = startTestServer(database)
  browser = openBrowser(server.handler)
})
afterEach(() => vi.useRealTimers())

function moveClock(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

async function startDevice(form: Parameters = {}): Promise<Device> {
  const answer = await postForm(server, '/oauth2/device_authorization', { client_id: 'flytectl', ...form })
  expect(answer.status).toBe(200)
  return answer.json() as Device
}

const poll = (device: Device, form: Parameters = {}) =>
  postForm(server, '/oauth2/token', {
    grant_type: DEVICE_CODE_GRANT,
    client_id: 'flytectl',
    device_code: device.device_code,
    ...form,
  })

/** Types the code and gives the name of the question that is put then. */
async function typeCode(code: string, as: Browser = browser): Promise<string> {
  const { text } = await as.post('/device', { user_code: code })
  return hiddenField(text, 'question')
}

const decide = (question: string, decision = 'allow', as: Browser = browser) =>
  as.post('/device', { question, decision })

describe('a device', () => {
  it('gets two codes, and is told where to go and how long to wait', async () => {
    const device = await startDevice()
    expect(device).toMatchObject({ verification_uri: `${ISSUER}/device`, expires_in: 600, interval: 5 })
    expect(device.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(Buffer.from(device.device_code, 'base64url').length).toBeGreaterThanOrEqual(32)
    expect(device.verification_uri_complete).toBe(`${ISSUER}/device?user_code=${device.user_code}`)
  })

  it('waits until its person has decided', async () => {
    expect(refusalOf(await poll(await startDevice()))).toEqual({
      status: 400,
      error: 'authorization_pending',
    })
    expect(server.ended.at(-1)?.call).toMatchObject({
      outcome: 'ok',
      notes: { oauthError: 'authorization_pending' },
    })
  })

  it('gets tokens of its person, once', async () => {
    const device = await startDevice()
    await decide(await typeCode(device.user_code))
    const answer = await poll(device)
    expect(answer.status).toBe(200)
    expect(claimsOf(tokensOf(answer).access_token)).toMatchObject({
      sub: 'ada',
      scope: 'all offline',
      aud: ISSUER,
    })
    expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'invalid_grant' })
  })

  it('gets them once, even if it asks twice at the same moment', async () => {
    const device = await startDevice()
    await decide(await typeCode(device.user_code))
    const answers = await Promise.all([1, 2, 3].map(() => poll(device)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
  })

  it('gets what it asked for, and no more', async () => {
    const device = await startDevice({ scope: 'all', audience: 'https://other.example.com' })
    await decide(await typeCode(device.user_code))
    const tokens = tokensOf(await poll(device))
    expect(tokens.refresh_token).toBeUndefined()
    expect(claimsOf(tokens.access_token)).toMatchObject({ scope: 'all', aud: 'https://other.example.com' })
  })

  it('is told to slow down, and to slow down further', async () => {
    const device = await startDevice()
    await poll(device)
    expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'slow_down' })
    moveClock(6)
    expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'slow_down' })
    moveClock(16)
    expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'authorization_pending' })
  })

  it('is told that its person refused', async () => {
    const device = await startDevice()
    const page = await decide(await typeCode(device.user_code), 'deny')
    expect(page.text).toContain('The device is not connected')
    expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'access_denied' })
  })

  it('is told that its time is over', async () => {
    const device = await startDevice()
    const question = await typeCode(device.user_code)
    moveClock(601)
    expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'expired_token' })
    expect((await decide(question)).status).toBe(400)
  })

  const refused: readonly [string, Parameters, unknown][] = [
    ['another client', { client_id: 'flyte-cli' }, { status: 400, error: 'invalid_grant' }],
    ['a code that is none', { device_code: 'x' }, { status: 400, error: 'invalid_grant' }],
    ['no code', { device_code: undefined }, { status: 400, error: 'invalid_request' }],
  ]
  for (const [name, form, refusal] of refused) {
    it(`gets nothing with ${name}`, async () => {
      const device = await startDevice()
      await decide(await typeCode(device.user_code))
      expect(refusalOf(await poll(device, form))).toEqual(refusal)
    })
  }

  it('gets nothing for what its person types', async () => {
    const device = await startDevice()
    await decide(await typeCode(device.user_code))
    for (const code of [device.user_code, device.user_code.replace('-', '')]) {
      expect(refusalOf(await poll(device, { device_code: code }))).toEqual({
        status: 400,
        error: 'invalid_grant',
      })
    }
  })

  const notStarted: readonly [string, Parameters, string][] = [
    ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
    ['a client that the flow is not for', { client_id: STRANGER }, 'invalid_request'],
    ['a confidential client without its secret', { client_id: REPORTER }, 'invalid_client'],
    ['a scope that the client has not', { scope: 'admin' }, 'invalid_scope'],
    ['an audience of somebody else', { audience: 'https://elsewhere.example.com' }, 'invalid_target'],
  ]
  for (const [name, form, error] of notStarted) {
    it(`cannot be started by ${name}`, async () => {
      const answer = await postForm(server, '/oauth2/device_authorization', {
        client_id: 'flytectl',
        ...form,
      })
      expect(refusalOf(answer)).toMatchObject({ error })
    })
  }
})

describe('the page for a device', () => {
  it('asks for the code, and starts with the one in the address', async () => {
    const device = await startDevice()
    const { text, status } = await browser.get(device.verification_uri_complete)
    expect(status).toBe(200)
    expect(text).toContain(`value="${device.user_code}"`)
    expect(text).toContain('Ada Lovelace</span>')
    expect(text).toContain('ada@example.com')
  })

  it('connects nothing by an address alone', async () => {
    const device = await startDevice()
    await browser.get(device.verification_uri_complete)
    expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'authorization_pending' })
  })

  it('shows nothing of an address that no code can be in', async () => {
    const { text } = await browser.get(
      `/device?user_code=${encodeURIComponent('"><script>alert(1)</script>')}`,
    )
    expect(text).toContain('name="user_code" value=""')
    expect(text).not.toContain('alert')
  })

  it('says who asks for what before it asks whether that is meant', async () => {
    const device = await startDevice({ scope: 'all' })
    const { text } = await browser.post('/device', { user_code: device.user_code })
    expect(text).toContain('flytectl')
    expect(text).toContain('in your name')
    expect(text).not.toContain('while you are away')
    expect(text).toContain(device.user_code)
    expect(text).toContain('Ada Lovelace')
  })

  it('takes the code in any case, with or without dashes and spaces', async () => {
    const device = await startDevice()
    for (const code of [
      device.user_code.toLowerCase(),
      device.user_code.replace('-', ''),
      ` ${device.user_code} `,
    ]) {
      expect(await typeCode(code)).not.toBe('')
    }
  })

  it('knows no other code', async () => {
    const answer = await browser.post('/device', { user_code: 'BBBB-BBBB' })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('No device waits with this code')
  })

  it('limits how often somebody guesses', async () => {
    server.person = { ...ADA, subject: 'a-guesser' }
    const headers = { 'x-forwarded-for': '198.51.100.7' }
    const guess = () => browser.post('/device', { user_code: 'BBBB-BBBB' }, headers)
    for (let n = 0; n < 10; n += 1) expect((await guess()).status).toBe(400)
    const { status, headers: answered, text } = await guess()
    expect(status).toBe(429)
    expect(Number(answered['retry-after'])).toBeGreaterThan(0)
    expect(text).toContain('Too many attempts')
    expect(text).toMatch(/Wait (?:a minute|\d+ minutes)\./)
  })

  it('does not take a right code for a guess', async () => {
    server.person = { ...ADA, subject: 'somebody-with-many-machines' }
    for (let n = 0; n < 11; n += 1) expect(await typeCode((await startDevice()).user_code)).not.toBe('')
  })

  it('limits how often somebody guesses from many addresses', async () => {
    server.person = { ...ADA, subject: 'a-traveller' }
    const guess = (n: number) =>
      browser.post('/device', { user_code: 'BBBB-BBBB' }, { 'x-forwarded-for': `198.51.100.${100 + n}` })
    for (let n = 0; n < 10; n += 1) await guess(n)
    expect((await guess(10)).status).toBe(429)
  })

  it('puts a question to one person, and takes one answer', async () => {
    const device = await startDevice()
    const question = await typeCode(device.user_code)
    server.person = { ...ADA, subject: 'grace' }
    expect((await decide(question)).status).toBe(400)
    server.person = ADA
    expect((await decide(question)).status).toBe(200)
    expect((await decide(question)).status).toBe(400)
    expect(claimsOf(tokensOf(await poll(device)).access_token).sub).toBe('ada')
  })

  it('connects a device to one person, when two decide at the same moment', async () => {
    const device = await startDevice()
    const questions = [await typeCode(device.user_code), await typeCode(device.user_code)]
    const pages = await Promise.all(questions.map((question) => decide(question)))
    expect(pages.map(({ status }) => status).sort()).toEqual([200, 400])
  })

  it('knows a code no longer that has been decided about', async () => {
    const device = await startDevice()
    await decide(await typeCode(device.user_code))
    expect(await typeCode(device.user_code)).toBe('')
  })

  it('refuses a person whose subject is the name of a client', async () => {
    server.person = { ...ADA, subject: 'flytepropeller' }
    const device = await startDevice()
    await decide(await typeCode(device.user_code))
    expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'access_denied' })
  })

  const forged: readonly [string, Record<string, string>][] = [
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another origin', { 'sec-fetch-site': '', origin: 'https://evil.example' }],
    ['nowhere', { 'sec-fetch-site': 'none' }],
  ]
  for (const [name, headers] of forged) {
    it(`takes no form from ${name}`, async () => {
      const device = await startDevice()
      const question = await typeCode(device.user_code)
      const answer = await browser.post('/device', { question, decision: 'allow' }, headers)
      expect(answer.status).toBe(403)
      expect(refusalOf(await poll(device))).toEqual({ status: 400, error: 'authorization_pending' })
    })
  }

  it('sends somebody who is not signed in to sign in, and back with the code', async () => {
    server.person = undefined
    const { status, headers } = await browser.get('/device?user_code=bbbb-cccc')
    expect(status).toBe(303)
    const back = new URL(headers.location ?? '', ISSUER).searchParams.get('redirect_url')
    expect(back).toBe('/device?user_code=BBBB-CCCC')
  })

  it('cannot be framed', async () => {
    const { headers } = await browser.get('/device')
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['content-security-policy']).toContain("form-action 'self';")
  })
})
