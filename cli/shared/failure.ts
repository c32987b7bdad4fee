/** What a command ends with when it does not end well: one sentence for a person, and a reason for tests. */

export type FailureReason =
  | 'usage'
  | 'denied'
  | 'wrong_state'
  | 'timed_out'
  | 'interrupted'
  | 'port_taken'
  | 'unreachable'
  | 'refused'
  | 'grant_ended'
  | 'answer_unusable'
  | 'token_unusable'
  | 'secret_unusable'
  | 'credentials_unusable'
  | 'no_credentials'
  | 'store_unusable'

/** Ends a command. The message is one whole sentence without a token, a secret or anything that was received. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly reason: FailureReason

  constructor(reason: FailureReason, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.reason = reason
  }
}

/** The code of a system error such as `ENOENT`; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}
