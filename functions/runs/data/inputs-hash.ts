/** The hash of inputs that cache keys are made from: FNV-1a of 64 bits over their protobuf, as upstream has it. */
import { toBinary } from '@bufbuild/protobuf'
import { type Inputs, InputsSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'

const OFFSET_HIGH = 0xcbf29ce4
const OFFSET_LOW = 0x84222325
/** The prime is 2^40 and this. */
const PRIME_LOW = 0x1b3

/** FNV-1a of 64 bits, most significant byte first. Finds what is equal; protects against nobody. */
export function fnv1a64(bytes: Uint8Array): Uint8Array {
  let high = OFFSET_HIGH
  let low = OFFSET_LOW
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0
    // Every product stays below 2^53, where numbers are exact.
    const product = low * PRIME_LOW
    const carry = Math.floor(product / 0x1_0000_0000)
    high = (Math.imul(high, PRIME_LOW) + carry + (low << 8)) >>> 0
    low = product >>> 0
  }
  const hash = Buffer.alloc(8)
  hash.writeUInt32BE(high, 0)
  hash.writeUInt32BE(low, 4)
  return hash
}

/** The hash of inputs, without those that a task does not count, in base64url. Never empty. */
export function inputsHash(inputs: Inputs, ignored: readonly string[]): string {
  const counted = { ...inputs, literals: inputs.literals.filter(({ name }) => !ignored.includes(name)) }
  return Buffer.from(fnv1a64(toBinary(InputsSchema, counted))).toString('base64url')
}
