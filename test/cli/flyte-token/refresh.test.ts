/** A person's tokens after the sign-in: how long one is kept, how it is renewed, and what of a provider is not believed. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  CLIENT_ID,
  hmacJwt,
  startOpenIdProvider,
  type TestOpenIdProvider,
  unsignedJwt,
} from '../../support/openid-provider.ts'
import { type Answer, broken, html, json, newIssuerKey, signToken } from '../../support/test-issuer.ts'
import { createLaptop, type Laptop, type Outcome, type RunOptions, sentenceOf } from './support/laptop.ts'

let provider: TestOpenIdProvider
let laptop: Laptop

beforeAll(async () => {
  provider = await startOpenIdProvider(Date.now)
})
afterAll(() => provider?.close())
beforeEach(async () => {
  provider.reset()
  provider.idTokenSeconds = 3600
  laptop = await createLaptop()
})
afterEach(() => laptop.dispose())

function token(args: readonly string[] = [], options: RunOptions = {}): Promise<Outcome> {
  const client = ['--issuer', provider.issuer, '--client-id', CLIENT_ID, '--no-browser']
  return laptop.run(['user-id-token', ...client, ...args], options)
}

/** Somebody who signs in; the addresses they opened. */
function person(subject = 'ada') {
  const opened: string[] = []
  return {
    opened,
    onAddress: async (address: string) => {
      opened.push(address)
      await fetch(provider.signIn(address, subject))
    },
  }
}

const grants = () => provider.tokenRequests.map(({ form }) => form.get('grant_type'))

describe('a kept token', () => {
  it('is handed out while more than five minutes of it are left', async () => {
    provider.idTokenSeconds = 360
    const first = await token([], person())
    expect((await token()).stdout).toBe(first.stdout)
    expect(grants()).toEqual(['authorization_code'])
  })

  it('is renewed, and nobody is asked or told, when less is left', async () => {
    provider.idTokenSeconds = 299
    const first = await token([], person())
    provider.idTokenSeconds = 3600
    const second = await token()
    expect(second).toMatchObject({ status: 0, stderr: '' })
    expect(second.stdout).not.toBe(first.stdout)
    expect(grants()).toEqual(['authorization_code', 'refresh_token'])
  })

  it('is renewed once for several commands at once', async () => {
    provider.idTokenSeconds = 60
    await token([], person())
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => token()))
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0, 0])
    // Tokens that never last five minutes are shared by whoever waited for them, all the same.
    expect(grants().filter((grant) => grant === 'refresh_token').length).toBeLessThan(4)
    expect(grants().filter((grant) => grant === 'authorization_code')).toHaveLength(1)
  })

  it('stays renewable at a provider that gives no new refresh token', async () => {
    provider.idTokenSeconds = 60
    provider.does.rotates = false
    await token([], person())
    provider.does.tokenAnswer = ({ refresh_token: _, ...answer }) => answer
    expect((await token()).status).toBe(0)
    expect((await token()).status).toBe(0)
    expect(grants()).toEqual(['authorization_code', 'refresh_token', 'refresh_token'])
  })

  it('is replaced by a sign-in once its grant has ended', async () => {
    provider.idTokenSeconds = 60
    await token([], person())
    provider.does.answers.token = undefined
    provider.does.tokenAnswer = (answer) => answer
    const [stolen] = provider.tokenRequests
    expect(stolen?.form.get('grant_type')).toBe('authorization_code')
    // Somebody else used the refresh token: at this provider that ends the grant.
    await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: await refreshToken() }),
    })
    const somebody = person()
    expect((await token([], somebody)).status).toBe(0)
    expect(somebody.opened).toHaveLength(1)
  })

  it('is replaced by a sign-in at a provider that renews access tokens only', async () => {
    provider.idTokenSeconds = 60
    await token([], person())
    provider.does.tokenAnswer = ({ id_token: idToken, ...answer }) =>
      grants().at(-1) === 'refresh_token' ? answer : { ...answer, id_token: idToken }
    const somebody = person()
    expect((await token([], somebody)).status).toBe(0)
    expect(somebody.opened).toHaveLength(1)
  })

  it('is no reason to sign in when the provider does not answer: the next command may still renew it', async () => {
    provider.idTokenSeconds = 60
    await token([], person())
    provider.does.answers.token = broken
    const somebody = person()
    const outcome = await token([], somebody)
    expect(sentenceOf(outcome)).toMatchObject({ status: 1 })
    expect(somebody.opened).toEqual([])
    provider.does.answers.token = undefined
    expect(await token()).toMatchObject({ status: 0, stderr: '' })
  })

  it('is not exchanged for a token about somebody else', async () => {
    provider.idTokenSeconds = 60
    await token([], person())
    provider.does.idTokenClaims = (claims) => ({ ...claims, sub: 'grace' })
    expect(sentenceOf(await token())).toEqual({
      status: 1,
      sentence: 'The new ID token is about somebody else; sign in again with --force.',
    })
  })

  it('of one audience is not handed out for another', async () => {
    provider.does.idTokenClaims = (claims) => ({ ...claims, aud: 'proxy-1', azp: CLIENT_ID })
    const first = await token(['--audience', 'proxy-1'], person())
    provider.does.idTokenClaims = (claims) => ({ ...claims, aud: 'proxy-2', azp: CLIENT_ID })
    const second = await token(['--audience', 'proxy-2'], person())
    expect([first.status, second.status]).toEqual([0, 0])
    expect(second.stdout).not.toBe(first.stdout)
    expect((await token(['--audience', 'proxy-1'])).stdout).toBe(first.stdout)
  })
})

async function refreshToken(): Promise<string> {
  const { readdir, readFile } = await import('node:fs/promises')
  const folder = `${laptop.home}/.flyte/flyte-token`
  const name = (await readdir(folder)).find((one) => one.endsWith('.json')) ?? ''
  return JSON.parse(await readFile(`${folder}/${name}`, 'utf8')).tokens.refreshToken
}

describe('an ID token for the client of a proxy', () => {
  beforeEach(() => {
    provider.does.idTokenClaims = ({ nonce: _, ...claims }) => ({ ...claims, aud: 'proxy', azp: CLIENT_ID })
  })

  it('is accepted when it is the one that was asked for', async () => {
    const outcome = await token(['--audience', 'proxy'], person())
    expect(outcome.status).toBe(0)
    const [request] = provider.tokenRequests
    expect(request?.form.get('audience')).toBe('proxy')
  })

  it('is asked for again with every refresh', async () => {
    provider.idTokenSeconds = 60
    await token(['--audience', 'proxy'], person())
    expect((await token(['--audience', 'proxy'])).status).toBe(0)
    expect(provider.tokenRequests.at(-1)?.form.get('audience')).toBe('proxy')
  })

  it('is refused when nobody asked for it', async () => {
    expect(sentenceOf(await token([], person()))).toMatchObject({
      status: 1,
      sentence: expect.stringContaining('not for that audience'),
    })
  })
})

describe('a provider is not believed', () => {
  const refusals: [name: string, change: () => void, sentence: RegExp][] = [
    [
      'with an ID token of another issuer',
      () => claims({ iss: 'https://evil.example.com' }),
      /does not verify/,
    ],
    ['with an ID token for another client', () => claims({ aud: 'another' }), /not for that audience/],
    [
      'with several audiences and no party',
      () => claims({ aud: [CLIENT_ID, 'x'] }),
      /given to another client/,
    ],
    ['with another party', () => claims({ azp: 'another' }), /given to another client/],
    ['with another nonce', () => claims({ nonce: 'another' }), /does not belong to this sign-in/],
    ['without the nonce', () => claims({ nonce: undefined }), /does not belong to this sign-in/],
    ['without a subject', () => claims({ sub: undefined }), /does not verify/],
    ['with an ID token that has expired', () => claims({ exp: 1_000 }), /has expired/],
    ['with an ID token that never expires', () => claims({ exp: undefined }), /does not verify/],
    ['without an ID token', () => answer({ id_token: undefined }), /gave no ID token/],
    ['with an unsigned ID token', () => signed(async (all) => unsignedJwt(all)), /does not verify/],
    ['with HMAC', () => signed((all) => hmacJwt(all, 'secret')), /does not verify/],
    [
      'with the key of somebody else',
      () =>
        signed(async (all) =>
          signToken(all, { key: await newIssuerKey('RS256', 'first'), header: { typ: 'JWT' } }),
        ),
      /does not verify/,
    ],
    [
      'whose keys come over plain http',
      () => metadata({ jwks_uri: 'http://keys.example.com/' }),
      /publishes no keys/,
    ],
    ['that publishes no keys', () => metadata({ jwks_uri: undefined }), /publishes no keys/],
    [
      'whose document names another issuer',
      () => metadata({ issuer: 'https://evil.example.com' }),
      /check --issuer/,
    ],
    ['with a page for an answer', () => answers(html), /cannot be used/],
    ['that is broken', () => answers(broken), /cannot be used/],
    ['whose answer does not come to an end', () => answers(endless), /cannot be used/],
    ['whose document does not', () => metadata({ more: 'x'.repeat(2 ** 21) }), /document .* cannot be used/],
    [
      'whose keys do not',
      () => {
        provider.does.answers.jwks = endless
      },
      /too large/,
    ],
    ['that refuses the client', () => answers(json({ error: 'invalid_client' }, 401)), /\(invalid_client\)/],
    [
      'with an error that is no code',
      () => answers(json({ error: '\u001b[31mred' }, 400)),
      /^The provider refused the request\.$/,
    ],
  ]
  const claims = (changes: Record<string, unknown>) => {
    provider.does.idTokenClaims = (all) => without({ ...all, ...changes })
  }
  const signed = (sign: TestOpenIdProvider['does']['signIdToken']) => {
    provider.does.signIdToken = sign
  }
  const answer = (changes: Record<string, unknown>) => {
    provider.does.tokenAnswer = (all) => without({ ...all, ...changes })
  }
  const answers = (token: Answer) => {
    provider.does.answers.token = token
  }
  const metadata = (changes: Record<string, unknown>) => {
    provider.does.metadata = (all) => without({ ...all, ...changes })
  }
  for (const [name, change, sentence] of refusals) {
    it(name, async () => {
      change()
      const outcome = await token([], person())
      expect(sentenceOf(outcome)).toEqual({ status: 1, sentence: expect.stringMatching(sentence) })
      expect((await laptop.run(['list'])).stdout).toBe('')
    })
  }

  it('that is not there', async () => {
    const args = ['user-id-token', '--issuer', 'http://127.0.0.1:9', '--client-id', 'x']
    expect(sentenceOf(await laptop.run(args))).toEqual({
      status: 1,
      sentence: 'There was no answer from the provider; check --issuer and the network.',
    })
  })

  it('that has no sign-in for devices', async () => {
    expect(sentenceOf(await token(['--device']))).toMatchObject({
      status: 1,
      sentence: expect.stringContaining('no sign-in for devices'),
    })
  })
})

/** JSON with no end to its white space. */
const endless: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = () => {
    while (!response.destroyed && response.write(' '.repeat(65_536))) {}
  }
  response.on('drain', more)
  more()
}

describe('a provider is understood', () => {
  it('that writes the address of its token endpoint in another way than it is asked', async () => {
    provider.does.metadata = (all) => ({
      ...all,
      token_endpoint: String(all.token_endpoint).replace('http://', 'HTTP://'),
    })
    const outcome = await token([], person())
    expect(outcome).toMatchObject({ status: 0, stdout: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/) })
  })
})

function without(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
