/** Times in text. */
import type { EpochMs } from '../shared/clock.ts'

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/

export interface ParsedTimestamp {
  /** The whole millisecond at or before the time. */
  readonly ms: EpochMs
  /** Whether the time is that millisecond, and not somewhere after it. */
  readonly isExact: boolean
}

/** Reads an RFC 3339 time with an offset; undefined for anything else, an impossible day among it. */
export function parseTimestamp(value: string): ParsedTimestamp | undefined {
  const match = RFC_3339.exec(value)
  if (match === null) return undefined
  const [, date = '', time = '', fraction = '', offset = ''] = match
  const digits = fraction.padEnd(9, '0')
  const ms = Date.parse(`${date}T${time}.${digits.slice(0, 3)}${offset.toUpperCase()}`)
  if (Number.isNaN(ms)) return undefined
  return { ms, isExact: /^0*$/.test(digits.slice(3)) }
}
