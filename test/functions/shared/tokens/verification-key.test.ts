import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  importVerificationKey,
  keySuits,
  type VerificationKey,
} from '../../../../functions/shared/tokens/verification-key.ts'

const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsa = rsaPair.publicKey.export({ format: 'jwk' })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
const otherRsa = (options: { modulusLength: number; publicExponent?: number }) =>
  generateKeyPairSync('rsa', options).publicKey.export({ format: 'jwk' })

function imported(jwk: unknown): VerificationKey {
  const key = importVerificationKey(jwk)
  if (key === undefined) throw new Error('the key was not taken')
  return key
}

describe('a published key', () => {
  const accepted: Record<string, unknown> = {
    'RSA of 2048 bits': rsa,
    'RSA for signatures': { ...rsa, use: 'sig', key_ops: ['verify'] },
    'of curve P-256': p256,
    'of Ed25519': ed25519,
    'with members that are not known': { ...rsa, x5t: 'abc', 'ms-kid': 1 },
  }
  for (const [name, jwk] of Object.entries(accepted)) {
    it(`is taken: ${name}`, () => expect(importVerificationKey(jwk)).toBeDefined())
  }

  const refused: Record<string, unknown> = {
    text: 'key',
    null: null,
    'a list': [],
    'without a type': { ...rsa, kty: undefined },
    'a symmetric one': { kty: 'oct', k: 'c2VjcmV0' },
    'RSA of 1024 bits': otherRsa({ modulusLength: 1024 }),
    'RSA with exponent 3': otherRsa({ modulusLength: 2048, publicExponent: 3 }),
    'RSA with a private part': rsaPair.privateKey.export({ format: 'jwk' }),
    'RSA with a secret beside it': { ...rsa, k: 'c2VjcmV0' },
    'RSA without a modulus': { ...rsa, n: undefined },
    'RSA whose modulus is a number': { ...rsa, n: 7 },
    'for encryption': { ...rsa, use: 'enc' },
    'for wrapping keys': { ...rsa, key_ops: ['wrapKey'] },
    'with an id that is a number': { ...rsa, kid: 1 },
    'with an algorithm that is a list': { ...rsa, alg: ['RS256'] },
    'a point that is not on its curve': { ...p256, x: p256.y },
    'of an unknown curve': { ...p256, crv: 'P-1' },
    'whose curve is another type’s': { ...ed25519, crv: 'P-256' },
  }
  for (const [name, jwk] of Object.entries(refused)) {
    it(`is left out: ${name}`, () => expect(importVerificationKey(jwk)).toBeUndefined())
  }

  it('is for one algorithm only if it says so', () => {
    expect(keySuits(imported({ ...rsa, alg: 'RS256' }), 'RS256')).toBe(true)
    expect(keySuits(imported({ ...rsa, alg: 'RS256' }), 'RS512')).toBe(false)
    expect(keySuits(imported({ ...rsa, alg: 'RSA-OAEP' }), 'RS256')).toBe(false)
    expect(keySuits(imported(rsa), 'PS256')).toBe(true)
  })

  it('is for the algorithms of its type and curve only', () => {
    expect(keySuits(imported(p256), 'ES256')).toBe(true)
    expect(keySuits(imported(p256), 'ES384')).toBe(false)
    expect(keySuits(imported(p256), 'RS256')).toBe(false)
    expect(keySuits(imported(ed25519), 'EdDSA')).toBe(true)
    expect(keySuits(imported(rsa), 'ES256')).toBe(false)
  })
})
