/** Two letters in place of a picture; used by pages and by the console's script. */

/** The first letters of the first and the last word, in upper case; `?` if there is no letter or digit. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s@._-]+/u).flatMap((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? [])
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words
  return chosen.join('').toUpperCase() || '?'
}

const HUES = 6

/** One of six colours, always the same for the same subject: the class name of it. */
export function hueOf(subject: string): string {
  let sum = 0
  for (const character of subject) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973
  return `hue-${sum % HUES}`
}
