/** People and programs that get their tokens from the stack's own authorization server, by other people's clients. */
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import * as oauth from 'openid-client'
import type { Stack } from '../../../local/stack.ts'
import type { Browser, Page } from '../../support/web-browser.ts'
import { client, describeMaker, sampleRun } from './clients.ts'

export const CLI = 'flytectl'
export const CALLBACK = 'http://localhost:53593/callback'

/** A public client that knows the stack's address and finds out the rest. */
export function discover(stack: Stack, clientId = CLI): Promise<oauth.Configuration> {
  return oauth.discovery(new URL(stack.url), clientId, undefined, oauth.None(), {
    algorithm: 'oauth2',
    execute: [oauth.allowInsecureRequests],
  })
}

/** A sign-in that was begun: where to send the browser, and what to check when it comes back. */
export async function beginSignIn(config: oauth.Configuration) {
  const pkceCodeVerifier = oauth.randomPKCECodeVerifier()
  const expectedState = oauth.randomState()
  const url = oauth.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'all offline',
    state: expectedState,
    code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  return { url: url.href, checks: { pkceCodeVerifier, expectedState } }
}

/** Opens a page and signs in as a person if the identity provider asks who it is. */
export async function openAs(browser: Browser, person: string, url: string): Promise<Page> {
  const page = await browser.open(url)
  if (!page.url.pathname.startsWith('/interaction/')) return page
  return browser.open(page.url.href, new URLSearchParams({ person }))
}

/** The tokens of a person who signs in in a browser. */
export async function tokensOf(config: oauth.Configuration, browser: Browser, person: string) {
  const { url, checks } = await beginSignIn(config)
  const back = await openAs(browser, person, url)
  return oauth.authorizationCodeGrant(config, back.url, checks)
}

/** Creates a run with a token, reads it, and says who made it. */
export async function makerOfRun(stack: Stack, token: string) {
  const runs = client(stack, RunService, { authorization: `Bearer ${token}` })
  const { run } = await runs.createRun(sampleRun())
  const runId = run?.action?.id?.run
  if (runId === undefined) throw new TypeError('the run has no id')
  const { details } = await runs.getRunDetails({ runId })
  return describeMaker(details?.action?.metadata?.executedBy)
}

/** Confirms a device on its page, in a browser that somebody is signed in with; what the page says at last. */
export async function connectDevice(
  browser: Browser,
  { verification_uri: page, user_code }: oauth.DeviceAuthorizationResponse,
): Promise<Page> {
  const asked = await browser.open(page, new URLSearchParams({ user_code }))
  const [, question = ''] = /name="question" value="([\w-]+)"/.exec(asked.text) ?? []
  return browser.open(page, new URLSearchParams({ question, decision: 'allow' }))
}

/** The token of a device that somebody has confirmed. */
export async function deviceToken(config: oauth.Configuration, device: oauth.DeviceAuthorizationResponse) {
  const { access_token } = await oauth.pollDeviceAuthorizationGrant(config, { ...device, interval: 0.05 })
  return access_token
}
