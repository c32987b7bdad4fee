import { compare, hashSync } from 'bcryptjs'
import { beforeEach, describe, expect, it } from 'vitest'
import { createClientSecrets } from '../../../functions/authorization-server/client-secrets.ts'
import { systemRandomBytes } from '../../../functions/shared/random.ts'

const HASH = hashSync('secret', 4)

let hashes: unknown
const check = createClientSecrets({
  readSecret: async () => JSON.stringify(hashes),
  secretName: 'clients',
  random: systemRandomBytes,
})

beforeEach(() => {
  hashes = { service: HASH }
})

describe('the secret of a client', () => {
  it('is what fits its hash', async () => {
    expect(await check('service', 'secret')).toBe(true)
    expect(await check('service', 'Secret')).toBe(false)
    expect(await check('other', 'secret')).toBe(false)
    expect(await check('service', '')).toBe(false)
  })

  it('may be kept in any of bcrypt’s dialects, and in base64 as Flyte 1 has it', async () => {
    for (const name of ['$2a$', '$2b$', '$2y$']) {
      hashes = { service: HASH.replace(/^\$2[aby]\$/, name) }
      expect(await check('service', 'secret')).toBe(true)
    }
    hashes = { service: Buffer.from(HASH).toString('base64') }
    expect(await check('service', 'secret')).toBe(true)
  })

  it('costs a bcrypt round once, however often it is right, and one for each time it is wrong', async () => {
    let rounds = 0
    const counted = createClientSecrets({
      readSecret: async () => JSON.stringify(hashes),
      secretName: 'clients',
      random: systemRandomBytes,
      compare: (secret, hash) => {
        rounds += 1
        return compare(secret, hash)
      },
    })
    for (let n = 0; n < 5; n += 1) expect(await counted('service', 'secret')).toBe(true)
    expect(rounds).toBe(1)
    for (let n = 0; n < 2; n += 1) expect(await counted('service', 'wrong')).toBe(false)
    expect(rounds).toBe(3)
  })

  it('is forgotten with its hash', async () => {
    expect(await check('service', 'secret')).toBe(true)
    hashes = { service: hashSync('another', 4) }
    expect(await check('service', 'secret')).toBe(false)
  })

  it('is remembered for its own client only', async () => {
    hashes = { service: HASH, other: hashSync('another', 4) }
    expect(await check('service', 'secret')).toBe(true)
    expect(await check('other', 'secret')).toBe(false)
  })

  const bad: readonly [string, unknown][] = [
    ['three hashes', { service: [HASH, HASH, HASH] }],
    ['a secret as it is', { service: 'secret' }],
    ['a number', { service: 1 }],
    ['another kind of hash', { service: '$argon2id$v=19$m=65536' }],
    ['a hash that takes minutes', { service: HASH.replace('$04$', '$20$') }],
    ['an empty text', { service: '' }],
    ['null', null],
    ['a text', 'secret'],
  ]
  for (const [name, value] of bad) {
    it(`cannot be told from ${name}`, async () => {
      hashes = value
      await expect(check('service', 'secret')).rejects.toMatchObject({ reason: 'secret_unavailable' })
    })
  }

  it('is known to one client, although the entry of another cannot be read', async () => {
    hashes = { service: HASH, other: 'a typing mistake' }
    expect(await check('service', 'secret')).toBe(true)
    await expect(check('other', 'secret')).rejects.toMatchObject({ reason: 'secret_unavailable' })
  })

  it('is none where there are no hashes', async () => {
    const none = createClientSecrets({
      readSecret: () => Promise.reject(new Error('not asked')),
      secretName: null,
      random: systemRandomBytes,
    })
    expect(await none('service', 'secret')).toBe(false)
  })
})
