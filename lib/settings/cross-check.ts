import type { Route } from '../../functions/shared/routes.ts'
import type { Problem } from './problems.ts'
import type { SettingsFile } from './schema.ts'

/** One rule over several keys. `run` sees only values that passed their own checks at the paths in `reads`. */
export interface CrossCheck {
  readonly reads: readonly string[]
  readonly run: (file: SettingsFile, routes: readonly Route[]) => Problem[]
}

/** A problem at a path when the condition holds, for rules that are one sentence. */
export function problemIf(condition: boolean, path: string, message: string): Problem[] {
  return condition ? [{ path, message }] : []
}
