import { create } from '@bufbuild/protobuf'
import { InputsSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { describe, expect, it } from 'vitest'
import { fnv1a64, inputsHash } from '../../../functions/runs/data/inputs-hash.ts'

describe('the hash of inputs', () => {
  // The published test vectors of FNV-1a, 64 bits.
  const vectors: [string, string][] = [
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ]
  for (const [text, hex] of vectors) {
    it(`is FNV-1a: ${JSON.stringify(text)}`, () => {
      expect(Buffer.from(fnv1a64(Buffer.from(text))).toString('hex')).toBe(hex)
    })
  }

  it('is the same as with whole numbers of any size, for every byte', () => {
    const bytes = Uint8Array.from({ length: 5_000 }, (_, i) => (i * 31) % 256)
    let expected = 0xcbf29ce484222325n
    for (const byte of bytes) expected = ((expected ^ BigInt(byte)) * 0x100000001b3n) % 2n ** 64n
    expect(Buffer.from(fnv1a64(bytes)).readBigUInt64BE()).toBe(expected)
  })

  it('leaves out what a task does not count, and nothing else', () => {
    const inputs = (...names: string[]) => create(InputsSchema, { literals: names.map((name) => ({ name })) })
    expect(inputsHash(inputs('a', 'b'), ['b'])).toBe(inputsHash(inputs('a'), []))
    expect(inputsHash(inputs('a', 'b'), [])).not.toBe(inputsHash(inputs('a'), []))
    expect(inputsHash(inputs('b', 'a'), [])).not.toBe(inputsHash(inputs('a', 'b'), []))
  })

  it('is not empty for no inputs at all', () => {
    expect(inputsHash(create(InputsSchema), [])).toBe(
      Buffer.from('cbf29ce484222325', 'hex').toString('base64url'),
    )
  })
})
