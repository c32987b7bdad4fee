/** The kinds of value that settings are made of. Each says in its message what to write instead. */
import * as z from 'zod'
import { nearestKey } from './problems.ts'

/**
 * What stands in for a section that is not in the file, so that the keys it misses are reported one by one. Typed as
 * never because a section with required keys does not accept an empty mapping: that is the point.
 */
export const EMPTY = {} as never

/** Separates the unknown keys of one section inside a single zod message; {@link splitUnknownKeys} undoes it. */
const KEY_SEPARATOR = '\n'

/**
 * A mapping in which an unknown key is an error.
 *
 * @param refused keys that people paste from elsewhere and that have no meaning here, with the sentence that says
 * what to do about each.
 */
export function section<Shape extends z.ZodRawShape>(
  shape: Shape,
  refused: Readonly<Record<string, string>> = {},
) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return 'must be a mapping of keys to values'
      return issue.keys.map((key) => `${key}: ${explainKey(key, known, refused)}`).join(KEY_SEPARATOR)
    },
  })
}

/** The `key: sentence` lines of an unknown-keys message, as pairs. */
export function splitUnknownKeys(message: string): { key: string; sentence: string }[] {
  return message.split(KEY_SEPARATOR).map((line) => {
    const [key = '', ...sentence] = line.split(': ')
    return { key, sentence: sentence.join(': ') }
  })
}

function explainKey(
  key: string,
  known: readonly string[],
  refused: Readonly<Record<string, string>>,
): string {
  if (Object.hasOwn(refused, key)) return refused[key] ?? ''
  const nearest = nearestKey(key, known)
  return nearest === undefined
    ? `is not a setting; the settings here are ${known.join(', ')}`
    : `is not a setting; did you mean ${nearest}?`
}

const says = (what: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? `is missing; set it to ${what}` : `must be ${what}`

/** Text of at least one character. `what` continues the sentence "must be …". */
export function text(what: string) {
  return z.string({ error: says(what) }).refine((value) => value.trim() !== '', {
    error: `must not be empty; set it to ${what}, or leave the key out if it is optional`,
  })
}

/** Text of one form. */
export function matching(pattern: RegExp, what: string) {
  return z.string({ error: says(what) }).regex(pattern, { error: `must be ${what}` })
}

export function flag() {
  return z.boolean({ error: says('true or false') })
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: says(`one of ${values.join(', ')}`) })
}

export function integer(minimum: number, maximum: number) {
  const what = `a whole number from ${minimum} to ${maximum}`
  return z
    .int({ error: says(what) })
    .min(minimum, { error: `must be ${what}` })
    .max(maximum, { error: `must be ${what}` })
}

/** A list with at least one entry: an empty list is never taken for "no check". */
export function list<Item extends z.ZodType>(item: Item, what: string) {
  return z
    .array(item, { error: says(`a list of ${what}`) })
    .min(1, { error: `must not be empty; list ${what}, or leave the key out if it is optional` })
}

/** True for the hosts that never leave the machine: plain http is accepted for them alone. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
}

/** An absolute https URL without credentials and fragment; http only towards a loopback host. */
export function url(what: string) {
  return z.string({ error: says(`the URL of ${what}`) }).refine(isAcceptableUrl, {
    error: `must be the full https:// URL of ${what} (http:// only for localhost, 127.0.0.1 or [::1]), without user name and #`,
  })
}

function isAcceptableUrl(value: string): boolean {
  const parsed = URL.parse(value)
  if (parsed === null || /\s/.test(value)) return false
  const secure =
    parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopbackHost(parsed.hostname))
  return secure && parsed.username === '' && parsed.password === '' && !value.includes('#')
}

/** An outbound proxy. Plain http is usual here: what goes through it is https all the way to its end. */
export function proxyUrl() {
  const what = 'the URL of an outbound proxy such as http://proxy.example.com:3128, without user name'
  return z
    .string({ error: says(what) })
    .refine((value) => /^https?:\/\/[^@\s/?#]+\/?$/.test(value), { error: `must be ${what}` })
}

/** The public URL of a deployment: scheme and host only. The host may start with `*.`, for one level. */
export function origin() {
  const what = 'the URL of this deployment such as https://flyte.example.com, with nothing after the host'
  return url('this deployment')
    .refine((value) => !isAcceptableUrl(value) || /^https?:\/\/(\*\.)?[^*/?]+\/?$/.test(value), {
      error: `must be ${what}; a wildcard is allowed only as the first label, as in https://*.flyte.example.com`,
    })
    .transform((value) => value.replace(/\/$/, '').toLowerCase())
}

const DURATION = /^(\d+(\.\d+)?(ms|h|m|s))+$/
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A length of time the way Flyte writes it: `30m`, `1h30m`, `500ms`. Becomes whole milliseconds. */
export function duration(minimumMs: number, maximumMs: number, range: string) {
  return matching(DURATION, `a length of time such as 30s, 15m or 1h30m (${range})`)
    .transform(toMilliseconds)
    .refine((ms) => ms >= minimumMs && ms <= maximumMs, { error: `must be ${range}` })
}

function toMilliseconds(value: string): number {
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)]
  return Math.round(
    parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (MILLISECONDS[unit ?? ''] ?? 0), 0),
  )
}
