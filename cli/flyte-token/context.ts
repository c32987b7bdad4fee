/** What every command of flyte-token is given. */
import type { TokenStore } from './store/token-store.ts'

export interface Context {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly store: TokenStore
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Ends everything, with its reason: time is up, or Ctrl-C. */
  readonly signal: AbortSignal
  /** What the caller of the command takes: the token, and nothing else. */
  readonly out: (text: string) => void
  /** What the person in front of the screen reads. */
  readonly say: (text: string) => void
}
