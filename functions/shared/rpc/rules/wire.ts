/**
 * The `buf.validate` options of a descriptor, read from the bytes they are kept in.
 *
 * The generated code for these options is larger than some of our functions, so bundles carry an empty file in
 * its place and the options stay what they are without it: unknown fields of the descriptor.
 */
import type { DescField, DescMessage, DescOneof } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** The number of the `buf.validate` extension on message, oneof and field options alike. */
const EXTENSION_NUMBER = 1159

/** A field of a message whose schema we do not carry, in the forms its wire type allows. */
export interface WireField {
  readonly number: number
  /** A varint; 0 for other wire types. */
  readonly varint: bigint
  /** The content of a length-delimited field, or the bytes of a fixed one; empty for a varint. */
  readonly bytes: Uint8Array
}

type DescWithRules = DescMessage | DescOneof | DescField

/** A rule that this interpreter has no meaning for: refused while compiling, so that none is ever skipped. */
export class UnknownRuleError extends TypeError {
  override readonly name = 'UnknownRuleError'
}

/** The rules declared on a message, a oneof or a field; empty if there are none. */
export function declaredRules(desc: DescWithRules): WireField[] {
  return unknownOptions(desc)
    .filter((field) => field.no === EXTENSION_NUMBER)
    .flatMap((field) => readFields(new BinaryReader(field.data).bytes()))
}

/** Whether a message, a oneof or a field declares rules of its own. */
export function declaresRules(desc: DescWithRules): boolean {
  return unknownOptions(desc).some((field) => field.no === EXTENSION_NUMBER)
}

function unknownOptions(desc: DescWithRules) {
  return desc.proto.options?.$unknown ?? []
}

/** Reads a message without its schema. */
export function readFields(bytes: Uint8Array): WireField[] {
  const reader = new BinaryReader(bytes)
  const fields: WireField[] = []
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    fields.push(readField(reader, number, wireType))
  }
  return fields
}

const NO_BYTES = new Uint8Array()

function readField(reader: BinaryReader, number: number, wireType: WireType): WireField {
  if (wireType === WireType.Varint) return { number, varint: BigInt(reader.uint64()), bytes: NO_BYTES }
  if (wireType === WireType.LengthDelimited) return { number, varint: 0n, bytes: reader.bytes() }
  return { number, varint: 0n, bytes: reader.skip(wireType, number) }
}

/** The signed 64-bit number in a varint; enum numbers and durations may be negative. */
export function signed(field: WireField): bigint {
  return BigInt.asIntN(64, field.varint)
}

/** The number in a field of type double. */
export function double({ bytes }: WireField): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0, true)
}

/** The text in a field of type string. */
export function text({ bytes }: WireField): string {
  return new TextDecoder().decode(bytes)
}

/** The values of a repeated int32, packed or not. */
export function int32Values(fields: readonly WireField[]): number[] {
  return fields.flatMap((field) => {
    if (field.bytes.length === 0) return [Number(signed(field))]
    const reader = new BinaryReader(field.bytes)
    const values: number[] = []
    while (reader.pos < reader.len) values.push(reader.int32())
    return values
  })
}

/** The nanoseconds of a `google.protobuf.Duration`. */
export function durationNanos({ bytes }: WireField): bigint {
  let nanos = 0n
  for (const field of readFields(bytes)) {
    nanos += field.number === 1 ? signed(field) * 1_000_000_000n : signed(field)
  }
  return nanos
}
