/**
 * Messages of any type, made by chance from a seed: mostly such as a client would send, with lengths, numbers
 * and choices at the edges of what rules allow.
 */
import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
} from '@bufbuild/protobuf'
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect'

/** A number from 0 up to but not including 1. */
export type Chance = () => number

/** A repeatable source of numbers (mulberry32): the same seed gives the same ones. */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Picks one of several. */
export function pick<T>(chance: Chance, choices: readonly T[]): T {
  return choices[Math.floor(chance() * choices.length)] as T
}

const MAX_DEPTH = 7
const EDGE_LENGTHS = [0, 20, 21, 30, 31, 50, 51, 63, 64, 100, 101, 255, 256, 2048, 2049, 4000, 4001]
const WELL_KNOWN = /^google\.protobuf\.(?:Any|Struct|Value|ListValue|FieldMask)$/

/** A message of a type. The deeper it gets, the fewer of its fields are set. */
export function randomMessage(schema: DescMessage, chance: Chance): Message {
  const message = reflect(schema, create(schema))
  fill(message, chance, 0)
  return message.message
}

function fill(message: ReflectMessage, chance: Chance, depth: number): void {
  const inOneof = new Set(message.desc.oneofs.flatMap((oneof) => oneof.fields))
  const chosen = message.desc.oneofs.flatMap((oneof) => (chance() < 0.95 ? [pick(chance, oneof.fields)] : []))
  for (const field of message.desc.fields) {
    const wanted = inOneof.has(field) ? chosen.includes(field) : chance() < (depth < 3 ? 0.95 : 0.7)
    if (wanted && (depth < MAX_DEPTH || field.fieldKind !== 'message'))
      setField(message, field, chance, depth)
  }
}

function setField(message: ReflectMessage, field: DescField, chance: Chance, depth: number): void {
  if (field.fieldKind === 'list') {
    const list = message.get(field)
    if (depth >= MAX_DEPTH && field.listKind === 'message') return
    for (let i = pick(chance, [0, 1, 1, 1, 2, 3]); i > 0; i--)
      list.add(element(field, chance, depth) as never)
  } else if (field.fieldKind === 'map') {
    const map = message.get(field)
    if (depth >= MAX_DEPTH && field.mapKind === 'message') return
    const size =
      field.mapKind === 'message' ? pick(chance, [0, 1, 2]) : pick(chance, [0, 1, 2, 2, 3, 21, 101])
    for (let i = 0; i < size; i++)
      map.set(mapKey(field, chance, i) as never, element(field, chance, depth) as never)
  } else if (field.fieldKind !== 'message' || !WELL_KNOWN.test(field.message.typeName)) {
    message.set(field, element(field, chance, depth) as never)
  }
}

function mapKey(field: DescField & { fieldKind: 'map' }, chance: Chance, index: number): unknown {
  return field.mapKey === ScalarType.STRING ? `${index}${text(chance)}` : scalar(field.mapKey, chance)
}

function element(field: DescField, chance: Chance, depth: number): unknown {
  if (field.enum) return enumNumber(field.enum, chance)
  if (field.message) {
    const nested = reflect(field.message, create(field.message))
    if (field.message.typeName === 'google.protobuf.Duration') setDuration(nested, chance)
    else if (!WELL_KNOWN.test(field.message.typeName)) fill(nested, chance, depth + 1)
    return nested
  }
  return scalar(field.scalar as ScalarType, chance)
}

function setDuration(duration: ReflectMessage, chance: Chance): void {
  const [seconds, nanos] = pick(chance, [
    [0n, 0],
    [5n, 0],
    [3600n, 1],
    [0n, -1],
    [-2n, 0],
  ] as const)
  for (const field of duration.fields) duration.set(field, field.name === 'seconds' ? seconds : nanos)
}

function enumNumber(desc: DescEnum, chance: Chance): number {
  return chance() < 0.02 ? 987 : pick(chance, desc.values).number
}

function text(chance: Chance): string {
  const kind = chance()
  if (kind < 0.9) return pick(chance, ['a', 'name', 'my-task', 'x1'])
  const unit = pick(chance, ['a', 'é', '😀', 'e\u0301', '-'])
  return unit.repeat(pick(chance, EDGE_LENGTHS))
}

function scalar(type: ScalarType, chance: Chance): unknown {
  const small = pick(chance, [0, 1, 1, 2, 2, 7])
  switch (type) {
    case ScalarType.STRING:
      return text(chance)
    case ScalarType.BYTES:
      return new Uint8Array(pick(chance, [0, 15, 16, 16, 16, 17]))
    case ScalarType.BOOL:
      return chance() < 0.5
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return pick(chance, [0, 0.5, 1, 1.5, 2, -1, Number.NaN, Number.POSITIVE_INFINITY])
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BigInt(small)
    default:
      return small
  }
}
