/** Base64url as RFC 4648 section 5 has it, and nothing that merely resembles it. */

const UNPADDED = /^[A-Za-z0-9_-]*$/
const PADDED = /^[A-Za-z0-9_-]*={0,2}$/
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** `refused`: as RFC 7515 says. `allowed`: present and complete, or absent. */
export type Padding = 'refused' | 'allowed'

/**
 * Decodes base64url, or returns undefined for anything that is not its one canonical form: other characters,
 * white space, a length that no bytes have, left-over bits that are not zero, or padding where it is refused.
 */
export function decodeBase64url(text: string, padding: Padding = 'refused'): Buffer | undefined {
  if (!(padding === 'allowed' ? PADDED : UNPADDED).test(text)) return undefined
  const firstPad = text.indexOf('=')
  const length = firstPad === -1 ? text.length : firstPad
  if (firstPad !== -1 && text.length % 4 !== 0) return undefined
  const remainder = length % 4
  if (remainder === 1 || (firstPad !== -1 && remainder === 0)) return undefined
  if (remainder !== 0) {
    const lastValue = ALPHABET.indexOf(text.charAt(length - 1))
    if ((lastValue & (remainder === 2 ? 0b1111 : 0b11)) !== 0) return undefined
  }
  return Buffer.from(text, 'base64url')
}
