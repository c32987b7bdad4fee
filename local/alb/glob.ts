/** Decides whether a whole text matches a compiled pattern. */
export type Matcher = (text: string) => boolean

export interface GlobOptions {
  readonly ignoreCase: boolean
  /** Lets `\*` and `\?` stand for the characters themselves, as query-string conditions do. */
  readonly escapes?: boolean
}

const ANY_RUN = Symbol('*')
const ANY_ONE = Symbol('?')
type Token = string | typeof ANY_RUN | typeof ANY_ONE

/**
 * Compiles a pattern of the listener rules: `*` is zero or more characters, `?` is exactly one, and the
 * pattern covers the whole text. Matching takes at most pattern × text steps, whatever the pattern.
 */
export function compileGlob(pattern: string, options: GlobOptions): Matcher {
  const fold = options.ignoreCase ? (text: string) => text.toLowerCase() : (text: string) => text
  const tokens = tokenize(fold(pattern), options.escapes ?? false)
  const literal = tokens.every((token) => typeof token === 'string') ? tokens.join('') : undefined
  if (literal !== undefined) return (text) => fold(text) === literal
  return (text) => matchTokens(tokens, fold(text))
}

function tokenize(pattern: string, escapes: boolean): Token[] {
  const tokens: Token[] = []
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i)
    const next = pattern.charAt(i + 1)
    if (escapes && char === '\\' && (next === '*' || next === '?' || next === '\\')) {
      tokens.push(next)
      i++
    } else if (char === '*') tokens.push(ANY_RUN)
    else if (char === '?') tokens.push(ANY_ONE)
    else tokens.push(char)
  }
  return tokens
}

/** Greedy with one point of return: only the last `*` can ever need to take more. */
function matchTokens(tokens: readonly Token[], text: string): boolean {
  let token = 0
  let at = 0
  let lastRun = -1
  let lastRunAt = 0
  while (at < text.length) {
    const current = tokens[token]
    if (current === ANY_RUN) {
      lastRun = token++
      lastRunAt = at
    } else if (current === ANY_ONE || current === text[at]) {
      token++
      at++
    } else if (lastRun >= 0) {
      token = lastRun + 1
      at = ++lastRunAt
    } else return false
  }
  while (tokens[token] === ANY_RUN) token++
  return token === tokens.length
}
