/**
 * Randomness, as something that is handed in. The only file that draws random numbers.
 */
import { randomBytes, randomUUID } from 'node:crypto'

/** Draws `length` bytes from a cryptographically strong source; a test hands in its own. */
export type RandomBytes = (length: number) => Uint8Array

export const systemRandomBytes: RandomBytes = (length) => randomBytes(length)

/** A random identifier (UUID version 4) for things that need no secrecy, such as request ids. */
export function randomId(): string {
  return randomUUID()
}
