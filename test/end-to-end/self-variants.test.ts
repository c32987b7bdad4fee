/** The other ways to be an authorization server of one's own: with a sign-in of one's own, and with keys in KMS. */
import * as oauth from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, type StackOptions, startStack } from '../../local/stack.ts'
import { createBrowser } from '../support/web-browser.ts'
import {
  beginSignIn,
  CALLBACK,
  connectDevice,
  deviceToken,
  discover,
  makerOfRun,
  openAs,
  tokensOf,
} from './support/own-tokens.ts'

const ADA = { kind: 'user', subject: 'ada', email: 'ada@example.com' }

const VARIANTS: Record<string, Partial<StackOptions>> = {
  'with a sign-in of its own': { browserAuth: 'service' },
  'with a key in KMS': { settings: { auth: { appAuth: { selfAuthServer: { signing: 'kms' } } } } },
}

for (const [variant, options] of Object.entries(VARIANTS)) {
  describe(`an authorization server ${variant}`, () => {
    const browser = createBrowser({ stopAt: [CALLBACK] })
    let stack: Stack
    let config: oauth.Configuration

    beforeAll(async () => {
      stack = await startStack({ port: 0, self: true, ...options })
      config = await discover(stack)
    })
    afterAll(() => stack?.close())

    it('signs a person in, and knows them from then on', async () => {
      const { access_token, refresh_token } = await tokensOf(config, browser, 'ada')
      expect(await makerOfRun(stack, access_token)).toMatchObject(ADA)
      const next = await oauth.refreshTokenGrant(config, String(refresh_token))
      expect(await makerOfRun(stack, next.access_token)).toMatchObject(ADA)
      const { url } = await beginSignIn(config)
      expect((await browser.open(url)).url.href).toContain(CALLBACK)
    })

    it('connects a device, for somebody who has to sign in first', async () => {
      const grace = createBrowser()
      const device = await oauth.initiateDeviceAuthorization(config, { scope: 'all' })
      const page = await openAs(grace, 'grace', String(device.verification_uri_complete))
      expect(page.text).toContain(device.user_code)
      expect((await connectDevice(grace, device)).status).toBe(200)
      expect(await makerOfRun(stack, await deviceToken(config, device))).toMatchObject({ subject: 'grace' })
    })

    it('gives a service its token', async () => {
      const { clientId = '', clientSecret = '' } = stack.service ?? {}
      const service = new oauth.Configuration(config.serverMetadata(), clientId, clientSecret)
      oauth.allowInsecureRequests(service)
      const { access_token } = await oauth.clientCredentialsGrant(service)
      expect(await makerOfRun(stack, access_token)).toMatchObject({
        kind: 'application',
        subject: 'flytepropeller',
      })
    })
  })
}
