/** What is said of a sample token, and of what userinfo answers for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ADA,
  AUDIENCE,
  type DescribedProvider,
  NOW_SECONDS,
  startDescribedProvider,
  USERINFO_PATH,
} from '../../support/described-provider.ts'
import { type Answer, broken, json, newIssuerKey, type SignOptions } from '../../support/test-issuer.ts'
import { check, runCheck } from './run-check.ts'

let provider: DescribedProvider
beforeAll(async () => {
  provider = await startDescribedProvider()
})
afterAll(() => provider.close())
beforeEach(() => {
  provider.answers[USERINFO_PATH] = json(ADA)
  provider.asked.length = 0
})

const checkText = (text: string, ...more: string[]) =>
  check([provider.issuer, '--public-url', AUDIENCE, '--token-file', '-', ...more], text)

async function checkClaims(changes: Record<string, unknown>, options: SignOptions = {}, ...more: string[]) {
  return checkText(await provider.token(changes, options), ...more)
}

describe('a sample token', () => {
  it('that is in order has nothing to change', async () => {
    const { ok, levels } = await checkClaims({})
    expect(ok).toBe(true)
    expect(levels).toMatchObject({
      kind: 'ok',
      signature: 'ok',
      'token-issuer': 'ok',
      audience: 'ok',
      expiry: 'ok',
      subject: 'ok',
      principal: 'note',
      userinfo: 'ok',
      'userinfo-names': 'ok',
    })
  })

  it('is read from a file as well, with "Bearer" before it or not', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flyte-check-'))
    const file = join(directory, 'token')
    await writeFile(file, `Bearer ${await provider.token()}\n`)
    const { levels } = await check([provider.issuer, '--token-file', file])
    await rm(directory, { recursive: true })
    expect(levels).toMatchObject({ signature: 'ok' })
  })

  it('is never shown, nor is any part of it that could be used', async () => {
    const token = await provider.token({ email: 'ada@example.com' })
    const { stdout } = await runCheck([provider.issuer, '--token-file', '-'], token)
    for (const part of [token, ...token.split('.')]) expect(stdout).not.toContain(part)
    expect(stdout).not.toContain('ada@example.com')
  })

  it('says which audience it has where nobody said which it should have', async () => {
    const { levels, sentences } = await check([provider.issuer, '--token-file', '-'], await provider.token())
    expect(levels.audience).toBe('note')
    expect(sentences.audience).toContain(AUDIENCE)
  })

  const bound = { cnf: { jkt: 'thumbprint' } }
  const changes: [name: string, change: Record<string, unknown>, check: string, level: string][] = [
    ['of another issuer', { iss: 'https://id.example.com' }, 'token-issuer', 'change'],
    ['without an issuer', { iss: undefined }, 'token-issuer', 'change'],
    ['for somebody else', { aud: 'https://elsewhere.example.com' }, 'audience', 'change'],
    ['for nobody', { aud: undefined }, 'audience', 'change'],
    ['with a list for an audience', { aud: [AUDIENCE, 'account'] }, 'audience-format', 'advice'],
    ['that has expired', { exp: NOW_SECONDS - 1 }, 'expiry', 'change'],
    ['that never expires', { exp: undefined }, 'expiry', 'change'],
    ['that is valid for a year', { exp: NOW_SECONDS + 365 * 86_400 }, 'expiry', 'advice'],
    ['from the future', { iat: NOW_SECONDS + 600 }, 'expiry', 'change'],
    ['that is not valid yet', { nbf: NOW_SECONDS + 600 }, 'expiry', 'change'],
    ['without a subject', { sub: undefined }, 'subject', 'change'],
    ['that is bound to a key', bound, 'kind', 'change'],
    ['that is for signing out', { events: {} }, 'kind', 'change'],
    ['that says it is an ID token', { token_use: 'id' }, 'kind', 'change'],
  ]
  for (const [name, change, checkName, level] of changes) {
    it(`${name} gets the mark for it`, async () => {
      const { levels, exitCode } = await checkClaims(change)
      expect({ level: levels[checkName], exitCode }).toEqual({ level, exitCode: level === 'change' ? 1 : 0 })
    })
  }

  it('in the form of an ID token is refused, unless the settings accept such', async () => {
    const header = { typ: 'JWT' }
    const refused = await checkClaims({ at_hash: 'h' }, { header })
    expect(refused).toMatchObject({ exitCode: 1, levels: { kind: 'change' } })
    expect(refused.todos.kind).toContain('acceptIdTokens')
    const accepted = await checkClaims({ at_hash: 'h' }, { header }, '--accept-id-tokens')
    expect(accepted).toMatchObject({ exitCode: 0, levels: { kind: 'ok' } })
  })

  it('signed by somebody else’s key of the same name does not hold', async () => {
    const key = await newIssuerKey('RS256', provider.key.kid)
    expect((await checkClaims({}, { key })).levels.signature).toBe('change')
  })

  it('signed by a key that is not published does not hold', async () => {
    const key = await newIssuerKey('RS256', 'another')
    const { levels, sentences } = await checkClaims({}, { key })
    expect(levels.signature).toBe('change')
    expect(sentences.signature).toContain('not in the key set')
  })

  it('with no signature, or a shared secret’s, is not accepted', async () => {
    const [, payload] = (await provider.token()).split('.')
    for (const alg of ['none', 'HS256', 'nOnE']) {
      const header = Buffer.from(JSON.stringify({ alg })).toString('base64url')
      const { levels, sentences } = await checkText(`${header}.${payload}.AAAA`)
      expect(levels.signature).toBe('change')
      expect(sentences.signature).toContain('not accepted')
    }
  })

  it('that brings its own key is refused for that', async () => {
    expect((await checkClaims({}, { header: { jku: 'https://id.example.com' } })).levels.header).toBe(
      'change',
    )
  })

  for (const [name, text, words] of [
    ['opaque', 'ya29.a0AfH6SMBx', 'opaque'],
    ['nothing', '', 'no token'],
    ['too long', `${'a'.repeat(17_000)}`, 'characters'],
    ['three words that are no JSON', 'a.b.c', 'opaque'],
  ] as const) {
    it(`that is ${name} is told so`, async () => {
      const { exitCode, sentences } = await checkText(text)
      expect(exitCode).toBe(1)
      expect(sentences.form).toContain(words)
    })
  }

  it('of a service is recorded as an application’s, and userinfo is not asked', async () => {
    const { sentences } = await checkClaims({ sub: 'reporter', client_id: 'reporter' })
    expect(sentences.principal).toContain('application')
    expect(provider.asked.some((url) => url.startsWith(USERINFO_PATH))).toBe(false)
  })
})

describe('userinfo', () => {
  it('is not asked with a token that is not the provider’s, that has expired, or when told so', async () => {
    const key = await newIssuerKey('RS256', provider.key.kid)
    await checkClaims({}, { key })
    await checkClaims({ exp: NOW_SECONDS - 1 })
    await checkClaims({ iss: 'https://id.example.com' })
    await checkClaims({}, {}, '--no-userinfo')
    expect(provider.asked.some((url) => url.startsWith(USERINFO_PATH))).toBe(false)
  })

  const signed: Answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/jwt' }).end('{}')
  const answers: Record<string, [answer: Answer, check: string, level: string]> = {
    'names another subject': [json({ ...ADA, sub: 'eve' }), 'userinfo', 'advice'],
    'names nobody': [json({ email: 'ada@example.com' }), 'userinfo', 'advice'],
    'knows the person by the id in uid': [json({ ...ADA, sub: '00u1' }), 'userinfo', 'ok'],
    'refuses the token': [json({}, 401), 'userinfo', 'advice'],
    'is out of order': [broken, 'userinfo', 'advice'],
    'is signed': [signed, 'userinfo', 'advice'],
    'knows no names': [json({ sub: 'ada' }), 'userinfo-names', 'advice'],
  }
  for (const [name, [answer, checkName, level]] of Object.entries(answers)) {
    it(`that ${name} gets the mark for it, and nothing has to change`, async () => {
      provider.answers[USERINFO_PATH] = answer
      const { levels, exitCode } = await checkClaims({ uid: '00u1' })
      expect({ level: levels[checkName], exitCode }).toEqual({ level, exitCode: 0 })
    })
  }
})
