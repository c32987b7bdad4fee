/** What is said of a provider's keys: what the load balancer can verify, and how much it reads. */
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type DescribedProvider,
  KEYS_PATH,
  startDescribedProvider,
} from '../../support/described-provider.ts'
import { type Answer, broken, html, json, newIssuerKey } from '../../support/test-issuer.ts'
import { check } from './run-check.ts'

let provider: DescribedProvider
beforeAll(async () => {
  provider = await startDescribedProvider()
})
afterAll(() => provider.close())

async function checkKeys(answer: Answer) {
  provider.answers[KEYS_PATH] = answer
  return check([provider.issuer])
}

const rsa = (bits: number, more: object = {}) => ({
  ...generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' }),
  ...more,
})

describe('the keys of a provider', () => {
  it('are counted and weighed, with the limits of the load balancer beside it', async () => {
    const { sentences } = await checkKeys(json({ keys: [provider.key.publicJwk] }))
    expect(sentences['key-set']).toMatch(
      /^One key, \d+ bytes; the load balancer reads up to 10 keys and 150\.0 KB\.$/,
    )
  })

  it('may be ten, and have to change when they are eleven', async () => {
    const keys = (count: number) => ({
      keys: Array.from({ length: count }, (_, index) => ({ ...provider.key.publicJwk, kid: `k${index}` })),
    })
    expect((await checkKeys(json(keys(10)))).levels['key-set']).toBe('ok')
    const { levels, todos } = await checkKeys(json(keys(11)))
    expect(levels['key-set']).toBe('change')
    expect(todos['key-set']).toContain('ingress.jwtValidation to false')
  })

  it('have to change when they weigh more than 150 KB', async () => {
    const heavy = { ...provider.key.publicJwk, x5c: ['A'.repeat(160 * 1024)] }
    expect((await checkKeys(json({ keys: [heavy] }))).levels['key-set']).toBe('change')
  })

  it('have to be for RS256, or the load balancer is left out of it', async () => {
    const { publicJwk } = await newIssuerKey('ES256')
    const { levels, todos } = await checkKeys(json({ keys: [publicJwk] }))
    expect(levels).toMatchObject({ 'key-set': 'ok', rs256: 'change' })
    expect(todos.rs256).toContain('ingress.jwtValidation to false')
  })

  it('count for RS256 without an alg, and not with another', async () => {
    expect((await checkKeys(json({ keys: [rsa(2048, { kid: 'a' })] }))).levels.rs256).toBe('ok')
    expect((await checkKeys(json({ keys: [rsa(2048, { kid: 'a', alg: 'PS256' })] }))).levels.rs256).toBe(
      'change',
    )
  })

  const unfit: Record<string, object> = {
    'are for encryption': rsa(2048, { use: 'enc' }),
    'have 1024 bits': rsa(1024),
    'are no keys': { kty: 'RSA', n: '' },
    'are symmetric': { kty: 'oct', k: 'c2VjcmV0' },
  }
  for (const [name, key] of Object.entries(unfit)) {
    it(`have to change when they ${name}`, async () => {
      expect((await checkKeys(json({ keys: [key] }))).levels.rs256).toBe('change')
    })
  }

  it('have to change at once when a private one is published', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const keys = [provider.key.publicJwk, privateKey.export({ format: 'jwk' })]
    expect((await checkKeys(json({ keys }))).levels).toMatchObject({ rs256: 'ok', 'private-key': 'change' })
  })

  it('are better all named when there are several', async () => {
    const keys = [provider.key.publicJwk, rsa(2048)]
    expect((await checkKeys(json({ keys }))).levels).toMatchObject({ kid: 'advice' })
  })

  const failures: Record<string, Answer> = {
    'an error': broken,
    'a web page': html,
    'an empty set': json({ keys: [] }),
    'no set': json({}),
  }
  for (const [name, answer] of Object.entries(failures)) {
    it(`have to change when the answer is ${name}`, async () => {
      expect(await checkKeys(answer)).toMatchObject({ exitCode: 1, levels: { 'key-set': 'change' } })
    })
  }
})
