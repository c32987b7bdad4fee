import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../../../functions/shared/errors.ts'
import { createCookieKeySource } from '../../../../functions/shared/session/cookie-keys.ts'

const raw = (byte: number, length: number) => Buffer.alloc(length, byte).toString('base64').replace(/=+$/, '')
const pair = (byte: number) => ({ cookie_hash_key: raw(byte, 64), cookie_block_key: raw(byte + 1, 32) })

const sourceOf = (secrets: Record<string, string>, names: readonly string[]) =>
  createCookieKeySource(
    async (name) => {
      const value = secrets[name]
      if (value === undefined) throw new ServiceError('secret_unavailable')
      return value
    },
    { names },
  )

describe('the cookie keys', () => {
  it('are read from a secret of Flyte 1', async () => {
    const secret = { ...pair(1), claim_symmetric_key: 'not ours', 'token_rsa_key.pem': 'nor this' }
    const [keys, ...older] = await sourceOf({ admin: JSON.stringify(secret) }, ['admin'])()
    expect(keys).toEqual({ hashKey: Buffer.alloc(64, 1), blockKey: Buffer.alloc(32, 2) })
    expect(older).toEqual([])
  })

  it('are read from two secrets with a key each', async () => {
    const [keys] = await sourceOf({ hash: raw(1, 64), block: `${raw(2, 32)}\n` }, ['hash', 'block'])()
    expect(keys).toEqual({ hashKey: Buffer.alloc(64, 1), blockKey: Buffer.alloc(32, 2) })
  })

  it('are letters and digits where Secrets Manager made them up', async () => {
    const [keys] = await sourceOf({ hash: `${'aZ9'.repeat(28)}xy`, block: `${'bY8'.repeat(14)}q` }, [
      'hash',
      'block',
    ])()
    expect([keys.hashKey.length, keys.blockKey.length]).toEqual([64, 32])
  })

  it('have older pairs behind the newest', async () => {
    const secret = JSON.stringify({ ...pair(1), older: [pair(3), pair(5)] })
    const keys = await sourceOf({ one: secret }, ['one'])()
    expect(keys.map(({ hashKey }) => hashKey[0])).toEqual([1, 3, 5])
  })

  it('change with the secret', async () => {
    const secrets = { one: JSON.stringify(pair(1)) }
    const source = sourceOf(secrets, ['one'])
    expect(await source()).toBe(await source())
    secrets.one = JSON.stringify({ ...pair(3), older: [pair(1)] })
    expect((await source()).map(({ hashKey }) => hashKey[0])).toEqual([3, 1])
  })

  const refusals: [string, unknown][] = [
    ['no hash key', { cookie_block_key: raw(1, 32) }],
    ['no block key', { cookie_hash_key: raw(1, 64) }],
    ['a short hash key', { ...pair(1), cookie_hash_key: raw(1, 31) }],
    ['a block key for AES-128', { ...pair(1), cookie_block_key: raw(1, 16) }],
    ['a key that is not base64', { ...pair(1), cookie_block_key: '*'.repeat(43) }],
    ['a key that is no text', { ...pair(1), cookie_block_key: 7 }],
    ['a broken older pair', { ...pair(1), older: [{}] }],
    ['an older pair that is nothing', { ...pair(1), older: [null] }],
    ['older pairs that are no list', { ...pair(1), older: pair(2) }],
    [
      'more older pairs than are ever needed',
      { ...pair(1), older: Array.from({ length: 9 }, () => pair(3)) },
    ],
    ['nothing', null],
  ]
  for (const [what, secret] of refusals) {
    it(`are refused: ${what}`, async () => {
      await expect(sourceOf({ one: JSON.stringify(secret) }, ['one'])()).rejects.toMatchObject({
        reason: 'secret_unavailable',
      })
    })
  }

  it('are not quoted by the error about them', async () => {
    const error = await sourceOf({ one: 'no JSON but a secret' }, ['one'])().catch((thrown) => thrown)
    expect(error).toMatchObject({ reason: 'secret_unavailable' })
    expect(`${error.stack} ${error.cause}`).not.toContain('no JSON')
  })
})
