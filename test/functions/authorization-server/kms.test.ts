/** The authorization server with its keys in KMS: a double that really signs, behind a switch that cuts it off. */
import * as oauth from 'oauth4webapi'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readAwsEnvironment } from '../../../functions/shared/config.ts'
import { ServiceError } from '../../../functions/shared/errors.ts'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { createKmsSigningKeys } from '../../../functions/shared/secrets/kms-signing-keys.ts'
import { createLightCall } from '../../../functions/shared/secrets/light-call.ts'
import type { SigningKeySource } from '../../../functions/shared/tokens/signing-keys.ts'
import { ownerOnly } from '../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { type LocalKms, startKms } from '../../../local/aws/kms.ts'
import { fetchThrough } from '../../support/alb-event.ts'
import { startTestDatabase, type TestDatabase } from '../../support/dynamodb.ts'
import { type Browser, hiddenField, openBrowser } from './support/browser.ts'
import { basic, codeFor, headerOf, postForm, redeem, refresh, refusalOf, tokensOf } from './support/flow.ts'
import {
  ISSUER,
  newPem,
  REPORTER,
  REPORTER_SECRET,
  startTestServer,
  type TestServer,
} from './support/server.ts'

const ARN = 'arn:aws:kms:eu-west-1:123456789012:key/'
const KEYS = ['one', 'two'].map((id) => ({ arn: `${ARN}${id}`, privateKeyPem: newPem() }))
const UNAVAILABLE = { status: 503, error: 'temporarily_unavailable' }

let database: TestDatabase
let kms: LocalKms
let server: TestServer
let browser: Browser
let isCutOff = false

beforeAll(async () => {
  database = await startTestDatabase()
  kms = await startKms({ keys: KEYS, access: ownerOnly })
})
afterAll(async () => {
  await kms.close()
  await database.close()
})
beforeEach(() => {
  deploy(`${ARN}one`)
})
afterEach(() => {
  isCutOff = false
  vi.useRealTimers()
})

/** A deployment with these keys, on the same tables as the ones before it. */
function deploy(...keyIds: string[]): void {
  server = startTestServer(database, { keys: kmsKeys(keyIds) })
  browser = openBrowser(server.handler)
}

function kmsKeys(keyIds: readonly string[]): SigningKeySource {
  const aws = readAwsEnvironment({
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_KMS: kms.endpoint,
  })
  const fetch: typeof fetchDocument = (url, options) =>
    isCutOff ? Promise.reject(new ServiceError('provider_unavailable')) : fetchDocument(url, options)
  const now = () => Date.now()
  return createKmsSigningKeys({ call: createLightCall({ aws, fetch, now }), keyIds, now })
}

function verified(token: string) {
  return oauth.validateJwtAccessToken(
    { issuer: ISSUER, jwks_uri: `${ISSUER}/oauth2/jwks` },
    new Request('https://api.example.com', { headers: { authorization: `Bearer ${token}` } }),
    ISSUER,
    { [oauth.customFetch]: fetchThrough(server.handler) as never },
  )
}

const asService = () =>
  postForm(
    server,
    '/oauth2/token',
    { grant_type: 'client_credentials' },
    { authorization: basic(REPORTER, REPORTER_SECRET) },
  )

async function connectDevice(): Promise<() => ReturnType<typeof postForm>> {
  const started = await postForm(server, '/oauth2/device_authorization', { client_id: 'flytectl' })
  const device = started.json() as { device_code: string; user_code: string }
  const asked = await browser.post('/device', { user_code: device.user_code })
  await browser.post('/device', { question: hiddenField(asked.text, 'question'), decision: 'allow' })
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const form = { grant_type, client_id: 'flytectl', device_code: device.device_code }
  return () => postForm(server, '/oauth2/token', form)
}

describe('keys in KMS', () => {
  it('sign the tokens of every grant', async () => {
    const first = tokensOf(await redeem(server, await codeFor(browser)))
    const second = tokensOf(await refresh(server, first.refresh_token))
    const ofDevice = tokensOf(await (await connectDevice())())
    const ofService = tokensOf(await asService())
    for (const { access_token: token } of [first, second, ofDevice, ofService]) {
      expect(headerOf(token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' })
      await verified(token)
    }
  })

  it('are changed without a token or a sign-in being lost', async () => {
    let tokens = tokensOf(await redeem(server, await codeFor(browser)))
    const { kid } = headerOf(tokens.access_token)
    for (const keyIds of [[`${ARN}one`, `${ARN}two`], [`${ARN}two`, `${ARN}one`], [`${ARN}two`]]) {
      const { access_token: before } = tokens
      deploy(...keyIds)
      if (keyIds.includes(`${ARN}one`)) await verified(before)
      tokens = tokensOf(await refresh(server, tokens.refresh_token))
      await verified(tokens.access_token)
    }
    expect(headerOf(tokens.access_token).kid).not.toBe(kid)
  })
})

describe('while nothing can be signed', () => {
  it('a service is asked to come again', async () => {
    await asService()
    isCutOff = true
    expect(refusalOf(await asService())).toEqual(UNAVAILABLE)
    expect(server.ended.at(-1)?.call.outcome).toBe('keys_unavailable')
    isCutOff = false
    expect((await asService()).status).toBe(200)
  })

  it('no code, refresh token or device is used up', async () => {
    const { refresh_token: token } = tokensOf(await redeem(server, await codeFor(browser)))
    const code = await codeFor(browser)
    const device = await connectDevice()
    const attempts = [() => redeem(server, code), () => refresh(server, token), device]
    isCutOff = true
    for (const attempt of attempts) expect(refusalOf(await attempt())).toEqual(UNAVAILABLE)
    isCutOff = false
    for (const attempt of attempts) expect((await attempt()).status).toBe(200)
    for (const attempt of [attempts[0], attempts[2]]) {
      expect(await attempt?.().then(refusalOf)).toEqual({ status: 400, error: 'invalid_grant' })
    }
  })

  it('a refresh token that was redeemed in vain has one successor afterwards', async () => {
    const { refresh_token: token } = tokensOf(await redeem(server, await codeFor(browser)))
    isCutOff = true
    await Promise.all([1, 2].map(() => refresh(server, token)))
    isCutOff = false
    const answers = await Promise.all([1, 2, 3].map(() => refresh(server, token)))
    const given = answers.filter(({ status }) => status === 200).map((one) => tokensOf(one).refresh_token)
    expect(new Set(given).size).toBe(1)
  })

  it('who signs in is still led back to the program, which comes for its tokens later', async () => {
    await asService()
    isCutOff = true
    const code = await codeFor(browser)
    isCutOff = false
    expect((await redeem(server, code)).status).toBe(200)
  })
})
