/** One thing that is wrong with the settings: where, and what to do about it. Never holds a received value. */
export interface Problem {
  /** The key path as it is written in `flyte.yaml`, for example `auth.userAuth.openId.clientId`. */
  readonly path: string
  readonly message: string
}

/** The settings cannot be used. The message lists every problem, one a line, in the order of the file's keys. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[], source = 'flyte.yaml') {
    super(describeProblems(problems, source))
    this.problems = problems
  }
}

function describeProblems(problems: readonly Problem[], source: string): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const lines = problems.map(({ path, message }) =>
    path === '' ? `  - ${message}` : `  - ${path}: ${message}`,
  )
  return `${source} has ${count}:\n${lines.join('\n')}`
}

/**
 * The known key that somebody who typed `unknown` most likely meant, or undefined.
 *
 * Ignores case and separators first, then accepts up to two wrong characters (one in keys under six).
 */
export function nearestKey(unknown: string, known: readonly string[]): string | undefined {
  const sameLetters = known.find((key) => bare(key) === bare(unknown))
  if (sameLetters !== undefined) return sameLetters
  const limit = unknown.length < 6 ? 1 : 2
  const [best] = known
    .map((key) => ({ key, distance: editDistance(bare(key), bare(unknown)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
  return best?.key
}

const bare = (key: string): string => key.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
