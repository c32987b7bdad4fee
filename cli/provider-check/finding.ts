/** What a check found out: one line of the report. */

/** The parts of the report, in the order they are shown. */
export const AREAS = [
  'Discovery',
  'Sign-in of browsers',
  'Sign-in of the SDK and services',
  'Signing keys',
  'Registration',
  'Sample token',
] as const

export type Area = (typeof AREAS)[number]

/**
 * - `ok`: works as it is.
 * - `note`: nothing to do, but it explains something that is seen later.
 * - `advice`: works, and something is lost unless `todo` is done.
 * - `change`: does not work until `todo` is done.
 */
export type Level = 'ok' | 'note' | 'advice' | 'change'

export interface Finding {
  readonly area: Area
  /** The name of the check, for scripts and tests; sentences may change, names do not. */
  readonly check: string
  readonly level: Level
  readonly sentence: string
  /** What to do about it, where there is something. */
  readonly todo?: string
}

/** A function that makes findings of one area. */
export type Found = (check: string, level: Level, sentence: string, todo?: string) => Finding

/** Makes findings of an area. Control characters do not get into them, whatever the provider said. */
export function findingsIn(area: Area): Found {
  return (check, level, sentence, todo) => ({
    area,
    check,
    level,
    sentence: onOneLine(sentence),
    ...(todo === undefined ? {} : { todo: onOneLine(todo) }),
  })
}

const MAX_SHOWN = 300
// What a terminal obeys, and what turns the direction of writing.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function onOneLine(text: string): string {
  return text.replaceAll(CONTROL_CHARACTER, '?')
}

/** JSON, and so a text in quotes of YAML, in which no such character stands as it is. */
export function quoted(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(CONTROL_CHARACTER, (character) =>
    // The only one that is JSON's own: between its lines.
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A value of the provider's, made fit for a terminal: one line, no control characters, not longer than a few lines. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  const plain = onOneLine(text)
  return plain.length > MAX_SHOWN ? `${plain.slice(0, MAX_SHOWN)}…` : plain
}

/** A size for people. */
export function sizeOf(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KB`
}
