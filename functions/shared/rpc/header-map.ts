/**
 * The web's `Headers`, as far as Connect uses it, without what it costs: Node loads its whole fetch
 * implementation at the first `new Headers()`, some 25 ms of a cold start.
 *
 * The bundles put it in the place of `Headers` in Connect's own files. A test compares the two.
 */

type Init = Headers | Record<string, string> | Iterable<readonly [string, string]> | undefined

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** What a header value may not contain once it is trimmed: line ends, NUL, and what is not a byte. */
const REFUSED_IN_VALUE = /[\0\r\n]|[^\0-\xff]/
const OUTER_WHITESPACE = /^[\t\n\r ]+|[\t\n\r ]+$/g

/** Header lines by lower-case name. Throws TypeError for a name or a value that cannot be sent. */
export class HeaderMap implements Headers {
  readonly #lines = new Map<string, string[]>()

  constructor(init?: Init) {
    if (init === undefined) return
    const pairs = isIterable(init) ? init : Object.entries(init)
    for (const [name, value] of pairs) this.append(name, value)
  }

  append(name: string, value: string): void {
    const key = cleanName(name)
    const line = cleanValue(value)
    const lines = this.#lines.get(key)
    if (lines) lines.push(line)
    else this.#lines.set(key, [line])
  }

  set(name: string, value: string): void {
    this.#lines.set(cleanName(name), [cleanValue(value)])
  }

  get(name: string): string | null {
    return this.#lines.get(cleanName(name))?.join(', ') ?? null
  }

  has(name: string): boolean {
    return this.#lines.has(cleanName(name))
  }

  delete(name: string): void {
    this.#lines.delete(cleanName(name))
  }

  getSetCookie(): string[] {
    return [...(this.#lines.get('set-cookie') ?? [])]
  }

  forEach(visit: (value: string, name: string, all: Headers) => void): void {
    for (const [name, value] of this) visit(value, name, this)
  }

  *entries(): Generator<[string, string], undefined, unknown> {
    for (const name of [...this.#lines.keys()].sort()) {
      const lines = this.#lines.get(name) ?? []
      if (name !== 'set-cookie') yield [name, lines.join(', ')]
      else for (const line of lines) yield [name, line]
    }
    return undefined
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const [name] of this) yield name
    return undefined
  }

  *values(): Generator<string, undefined, unknown> {
    for (const [, value] of this) yield value
    return undefined
  }

  [Symbol.iterator](): Generator<[string, string], undefined, unknown> {
    return this.entries()
  }
}

function isIterable(init: NonNullable<Init>): init is Headers | Iterable<readonly [string, string]> {
  return Symbol.iterator in init
}

function cleanName(name: string): string {
  if (!NAME.test(name)) throw new TypeError('not a header name')
  return name.toLowerCase()
}

function cleanValue(value: string): string {
  const trimmed = String(value).replace(OUTER_WHITESPACE, '')
  if (REFUSED_IN_VALUE.test(trimmed)) throw new TypeError('not a header value')
  return trimmed
}
