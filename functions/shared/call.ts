/** What is noted about one call while it is answered, for the one log line and the one metric it leaves. */
import type { Outcome, ServiceError } from './errors.ts'

/** Mutable on purpose: each step adds what it knows, and the handler writes it out once. */
export interface Call {
  /** The route or RPC method, from our own tables; never a received path. */
  operation: string
  outcome: Outcome
  /** The error behind the outcome; its cause's name is logged, never its text. */
  error: ServiceError | undefined
  /** Facts for the log line: counts, kinds, names that are ours. Never a token, a claim or a received value. */
  readonly notes: Record<string, string | number | boolean>
  /** `set-cookie` lines that go with the answer, whatever it is: those of a session that was refreshed in passing. */
  readonly responseCookies: string[]
}

export function newCall(): Call {
  return { operation: 'none', outcome: 'ok', error: undefined, notes: {}, responseCookies: [] }
}

/** Notes a failure as the call's outcome. The first one stays: later ones are its consequences. */
export function noteFailure(call: Call, error: ServiceError): void {
  if (call.error !== undefined) return
  call.outcome = error.reason
  call.error = error
}
