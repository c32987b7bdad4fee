/** What was typed. */
import { CommandError } from './failure.ts'

/** Runs `parse` (of `node:util`) and turns its complaint into a {@link CommandError}. */
export function readFlags<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const [sentence = ''] = error.message.split('. ')
    throw usage(`${sentence.replace(/\.$/, '')}; see --help.`)
  }
}

/** The arguments make no sense; the sentence says what would. */
export function usage(sentence: string): CommandError {
  return new CommandError('usage', sentence)
}

/** A whole number within bounds. @throws {CommandError} `usage` */
export function wholeNumber(flag: string, text: string, bounds: { min: number; max: number }): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= bounds.min && value <= bounds.max) return value
  throw usage(`${flag} takes a whole number from ${bounds.min} to ${bounds.max}.`)
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whether a host never leaves the machine. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname)
}

/** An https URL, or an http one that does not leave the machine. */
export function isSecureUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}
