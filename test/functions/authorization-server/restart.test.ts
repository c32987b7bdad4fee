/** A restart in the middle of each flow: another process on the same store goes on where the last one stopped. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { type Browser, hiddenField, hiddenFields, openBrowser } from './support/browser.ts'
import { authorizePath, codeFor, postForm, redeem, refresh, tokensOf } from './support/flow.ts'
import { DASHBOARD, DASHBOARD_REDIRECT, startTestServer, type TestServer } from './support/server.ts'

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

describe('a restart', () => {
  it('between the request and the sign-in, and between the code and the token, loses nothing', async () => {
    const { headers } = await browser.get(authorizePath())
    server.restart()
    const { leftTo } = await browser.follow(headers.location ?? '')
    server.restart()
    expect((await redeem(server, leftTo?.searchParams.get('code') ?? '')).status).toBe(200)
  })

  it('between the question and the consent loses nothing', async () => {
    const request = authorizePath({ client_id: DASHBOARD, redirect_uri: DASHBOARD_REDIRECT })
    const { answer } = await browser.follow(request)
    server.restart()
    const form = { ...hiddenFields(answer.text), decision: 'allow' }
    const done = await browser.post('/oauth2/authorize_callback', form)
    expect(new URL(done.headers.location ?? '').searchParams.get('code')).toEqual(expect.any(String))
  })

  it('between a refresh and the next loses nothing, nor does it forget the grace or a reuse', async () => {
    const first = tokensOf(await redeem(server, await codeFor(browser)))
    server.restart()
    const second = tokensOf(await refresh(server, first.refresh_token))
    server.restart()
    expect(tokensOf(await refresh(server, first.refresh_token))).toEqual(second)
    await refresh(server, second.refresh_token)
    server.restart()
    expect((await refresh(server, first.refresh_token)).status).toBe(400)
  })

  it('at each step of a device loses nothing', async () => {
    const started = await postForm(server, '/oauth2/device_authorization', { client_id: 'flytectl' })
    const device = started.json() as { device_code: string; user_code: string }
    server.restart()
    const asked = await browser.post('/device', { user_code: device.user_code })
    server.restart()
    await browser.post('/device', { question: hiddenField(asked.text, 'question'), decision: 'allow' })
    server.restart()
    const answer = await postForm(server, '/oauth2/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: 'flytectl',
      device_code: device.device_code,
    })
    expect(answer.status).toBe(200)
  })

  it('forgets no code that was redeemed', async () => {
    const code = await codeFor(browser)
    await redeem(server, code)
    server.restart()
    expect((await redeem(server, code)).status).toBe(400)
  })
})
