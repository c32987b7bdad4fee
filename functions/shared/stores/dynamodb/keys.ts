/** Composite keys. */

/**
 * Joins the parts of a key with `#`. A `#` inside a part is escaped, so that two different lists of parts never
 * make one key.
 */
export function joinKey(...parts: readonly string[]): string {
  return parts.map(escapePart).join('#')
}

/** Takes a key of {@link joinKey} apart. */
export function splitKey(key: string): string[] {
  return key.split('#').map((part) => part.replaceAll('%23', '#').replaceAll('%25', '%'))
}

function escapePart(part: string): string {
  return part.includes('#') || part.includes('%') ? part.replaceAll('%', '%25').replaceAll('#', '%23') : part
}
