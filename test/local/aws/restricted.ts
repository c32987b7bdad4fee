/** A caller of the doubles who may do only what a test says. */
import type { Access } from '../../../local/aws/access.ts'
import { functionCredentials } from '../../../local/aws/credentials.ts'
import { createAccess } from '../../../local/permissions/access.ts'
import { compilePermissions } from '../../../local/permissions/evaluate.ts'

const FUNCTION = 'flyte-test'

/** The credentials of the function that {@link restrictedAccess} knows. */
export const RESTRICTED_CREDENTIALS = functionCredentials(FUNCTION)

/** The owner, and a function that may do these actions on these resources. */
export function restrictedAccess(
  grants: readonly (readonly [actions: readonly string[], resources: readonly string[]])[],
): Access {
  const statements = grants.map(([actions, resources]) => ({
    effect: 'Allow' as const,
    actions,
    resources,
    conditions: [],
  }))
  const permissions = compilePermissions(statements, new Map())
  const principal = `arn:aws:sts::123456789012:assumed-role/local-role/${FUNCTION}`
  return createAccess([{ functionName: FUNCTION, principal, permissions }], () => {})
}
