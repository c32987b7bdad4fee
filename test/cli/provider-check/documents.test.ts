/** What is said of a provider's documents, good ones and bad ones. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type DescribedProvider,
  INSERTED_OAUTH_PATH,
  OAUTH_PATH,
  OPENID_PATH,
  startDescribedProvider,
} from '../../support/described-provider.ts'
import { type Answer, broken, html, json } from '../../support/test-issuer.ts'
import { check } from './run-check.ts'

let provider: DescribedProvider

beforeEach(async () => {
  provider = await startDescribedProvider()
})
afterEach(() => provider.close())

const redirect: Answer = (_request, response) =>
  void response.writeHead(302, { location: 'https://elsewhere.example.com/' }).end()
const huge: Answer = (_request, response) => void response.end(`{"issuer":"${'x'.repeat(300 * 1024)}"}`)
const notUtf8: Answer = (_request, response) => void response.end(Buffer.from([0x7b, 0xff, 0x7d]))
const list = json(['issuer'])
const hangUp: Answer = (request) => void request.socket.destroy()

describe('a provider with which everything is in order', () => {
  it('has nothing to change, and the exit code says so', async () => {
    const { ok, exitCode, levels } = await check([provider.issuer])
    expect({ ok, exitCode }).toEqual({ ok: true, exitCode: 0 })
    expect(new Set(Object.values(levels))).toEqual(new Set(['ok', 'note']))
    expect(levels).toMatchObject({
      'openid-document': 'ok',
      issuer: 'ok',
      'authorization-endpoint': 'ok',
      'token-endpoint': 'ok',
      'userinfo-endpoint': 'ok',
      'end-session': 'ok',
      'iss-parameter': 'ok',
      'offline-access': 'ok',
      pkce: 'ok',
      'device-flow': 'ok',
      'refresh-grant': 'ok',
      'client-credentials': 'ok',
      rs256: 'ok',
      'key-set': 'ok',
      'oauth-document': 'note',
    })
  })

  it('may be named by the address of its document', async () => {
    const { levels } = await check([`${provider.issuer}/.well-known/openid-configuration`])
    expect(levels).toMatchObject({ issuer: 'ok' })
  })

  for (const path of [OAUTH_PATH, INSERTED_OAUTH_PATH]) {
    it(`has its RFC 8414 document found at ${path}`, async () => {
      provider.answers[path] = json(provider.metadata)
      expect((await check([provider.issuer])).levels).toMatchObject({ 'oauth-document': 'ok' })
    })
  }
})

describe('a discovery document', () => {
  const failures: Record<string, [answer: Answer | undefined, words: string]> = {
    absent: [undefined, 'does not exist'],
    'an error': [broken, 'status 503'],
    'a redirect': [redirect, 'redirects elsewhere'],
    'a web page': [html, 'not a JSON object'],
    'a list': [list, 'not a JSON object'],
    'not UTF-8': [notUtf8, 'not a JSON object'],
    'too large': [huge, 'too large'],
    'cut off': [hangUp, 'cannot be reached'],
  }
  for (const [name, [answer, words]] of Object.entries(failures)) {
    it(`has to change when it is ${name}`, async () => {
      if (answer === undefined) delete provider.answers[OPENID_PATH]
      else provider.answers[OPENID_PATH] = answer
      const { exitCode, levels, sentences, todos } = await check([provider.issuer])
      expect({ exitCode, level: levels['openid-document'] }).toEqual({ exitCode: 1, level: 'change' })
      expect(sentences['openid-document']).toContain(words)
      expect(todos['openid-document']).not.toBe('')
    })
  }

  it('has no settings to paste when there is none', async () => {
    delete provider.answers[OPENID_PATH]
    expect((await check([provider.issuer])).settings).toBeUndefined()
  })

  it('says so where nobody listens at all', async () => {
    await provider.close()
    const { exitCode, sentences } = await check([provider.issuer])
    expect(exitCode).toBe(1)
    expect(sentences['openid-document']).toContain('cannot be reached')
  })

  const changes: [name: string, change: Record<string, unknown>, check: string, level: string][] = [
    ['another issuer', { issuer: 'https://id.example.com/' }, 'issuer', 'change'],
    ['no issuer', { issuer: undefined }, 'issuer', 'change'],
    ['a placeholder for an issuer', { issuer: 'https://id.example.com/{tenantid}/v2.0' }, 'issuer', 'change'],
    ['no userinfo', { userinfo_endpoint: undefined }, 'userinfo-endpoint', 'change'],
    ['userinfo over http', { userinfo_endpoint: 'http://id.example.com/userinfo' }, 'types', 'change'],
    [
      'a token endpoint over http',
      { token_endpoint: 'http://id.example.com/token' },
      'token-endpoint',
      'change',
    ],
    ['no authorization endpoint', { authorization_endpoint: undefined }, 'authorization-endpoint', 'change'],
    ['scopes that are a text', { scopes_supported: 'openid email' }, 'types', 'change'],
    ['no code flow', { response_types_supported: ['id_token'] }, 'authorization-code', 'change'],
    ['no secrets', { token_endpoint_auth_methods_supported: ['private_key_jwt'] }, 'client-secret', 'change'],
    ['no openid scope', { scopes_supported: ['profile'] }, 'scopes', 'change'],
    ['no e-mail scope', { scopes_supported: ['openid', 'profile'] }, 'scopes', 'advice'],
    ['no offline_access', { scopes_supported: ['openid', 'profile', 'email'] }, 'offline-access', 'note'],
    ['no list of scopes', { scopes_supported: undefined }, 'offline-access', 'note'],
    ['no end of sessions', { end_session_endpoint: undefined }, 'end-session', 'note'],
    ['no iss parameter', { authorization_response_iss_parameter_supported: false }, 'iss-parameter', 'note'],
    ['pairwise subjects', { subject_types_supported: ['pairwise'] }, 'subject-type', 'advice'],
    ['ES256 alone', { id_token_signing_alg_values_supported: ['ES256'] }, 'id-token-algorithm', 'change'],
    ['plain PKCE alone', { code_challenge_methods_supported: ['plain'] }, 'pkce', 'change'],
    ['nothing about PKCE', { code_challenge_methods_supported: undefined }, 'pkce', 'note'],
    ['no device flow', { device_authorization_endpoint: undefined }, 'device-flow', 'note'],
    [
      'a device endpoint without its grant',
      { grant_types_supported: ['authorization_code'] },
      'device-flow',
      'advice',
    ],
    ['no refresh grant', { grant_types_supported: ['authorization_code'] }, 'refresh-grant', 'note'],
    ['nothing about grants', { grant_types_supported: undefined }, 'client-credentials', 'note'],
    ['no keys', { jwks_uri: undefined }, 'key-set', 'change'],
  ]
  for (const [name, change, checkName, level] of changes) {
    it(`with ${name} gets the mark for it`, async () => {
      provider.metadata = JSON.parse(JSON.stringify({ ...provider.metadata, ...change }))
      const { levels, exitCode } = await check([provider.issuer])
      expect(levels[checkName]).toBe(level)
      expect(exitCode).toBe(level === 'change' ? 1 : 0)
    })
  }
})

describe('an RFC 8414 document', () => {
  it('has to change when it names another issuer', async () => {
    provider.answers[OAUTH_PATH] = json({ ...provider.metadata, issuer: 'https://id.example.com' })
    const { levels, todos } = await check([provider.issuer])
    expect(levels).toMatchObject({ 'oauth-document': 'change' })
    expect(todos['oauth-document']).toContain('metadataUrl')
  })

  it('that fails is better gone round', async () => {
    provider.answers[OAUTH_PATH] = broken
    expect((await check([provider.issuer])).levels).toMatchObject({ 'oauth-document': 'advice' })
  })

  it('is enough to look at where the other one is missing, which has to change all the same', async () => {
    delete provider.answers[OPENID_PATH]
    provider.answers[OAUTH_PATH] = json(provider.metadata)
    const { levels, exitCode } = await check([provider.issuer])
    expect({ exitCode, ...levels }).toMatchObject({ exitCode: 1, 'openid-document': 'change', pkce: 'ok' })
  })
})
