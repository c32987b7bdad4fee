/**
 * What no single key can know: settings that contradict each other, or that miss each other.
 *
 * Each check says which keys it reads. A check whose keys already have a problem of their own is left out, all others
 * still run, so that one message has everything.
 */
import type * as z from 'zod'
import type { Route } from '../../functions/shared/routes.ts'
import { AUTH_CHECKS } from './checks-auth.ts'
import { INTERNAL_CHECKS } from './checks-internal.ts'
import { PLACE_CHECKS } from './checks-place.ts'
import { SELF_CHECKS } from './checks-self.ts'
import { SERVICE_CHECKS } from './checks-services.ts'
import { SESSION_CHECKS } from './checks-session.ts'
import type { Problem } from './problems.ts'
import type { SettingsFile } from './schema.ts'

/** Every problem between settings whose own values are good. */
export function crossChecks(
  file: SettingsFile,
  issues: readonly z.core.$ZodIssue[],
  routes: readonly Route[],
): Problem[] {
  const bad = issues
    .filter(({ code }) => code !== 'unrecognized_keys')
    .map(({ path }) => path.map(String).join('.'))
  return [
    ...PLACE_CHECKS,
    ...INTERNAL_CHECKS,
    ...SESSION_CHECKS,
    ...AUTH_CHECKS,
    ...SELF_CHECKS,
    ...SERVICE_CHECKS,
  ]
    .filter(({ reads }) => !reads.some((path) => bad.some((other) => overlaps(path, other))))
    .flatMap(({ run }) => run(file, routes))
}

function overlaps(a: string, b: string): boolean {
  return a === b || b === '' || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)
}
