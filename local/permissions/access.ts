/** The access of a deployment's functions: each with the permissions of its role. */
import { type Access, type Caller, ownerOnly, type Refusal } from '../aws/access.ts'
import { functionCredentials } from '../aws/credentials.ts'
import type { FunctionIdentity } from './identities.ts'

/** Where the statements of the functions' roles are made. */
const WHERE = 'lib/constructs/permissions.ts'

/** Told of every call that a function may not make, with a sentence that says what to do. */
export type OnRefusal = (functionName: string, sentence: string) => void

/**
 * Makes the access of the stack's owner, who may do everything, and of every function, who may do what its
 * role allows.
 */
export function createAccess(identities: readonly FunctionIdentity[], onRefusal: OnRefusal): Access {
  const callers = new Map<string, { readonly token: string; readonly caller: Caller }>()
  for (const identity of identities) {
    const { accessKeyId, secretAccessKey, sessionToken } = functionCredentials(identity.functionName)
    const refusal: Caller['refusal'] = (action, resource, circumstance = '') =>
      refuse(identity, { action, resource, circumstance }, onRefusal)
    callers.set(accessKeyId, { token: sessionToken, caller: { secretAccessKey, refusal } })
  }
  return {
    callerOf(accessKeyId, sessionToken) {
      const known = callers.get(accessKeyId)
      if (known === undefined) return ownerOnly.callerOf(accessKeyId, sessionToken)
      return known.token === sessionToken ? known.caller : undefined
    },
  }
}

function refuse(
  { functionName, principal, permissions }: FunctionIdentity,
  call: { action: string; resource: string; circumstance: string },
  onRefusal: OnRefusal,
): Refusal | undefined {
  const { action, resource, circumstance } = call
  const decision = permissions.decide(action, resource)
  if (decision.allowed) return undefined
  const refusal: Refusal = { action, resource, principal, because: decision.because }
  const what = `${functionName} may not do ${action} on ${statementResource(resource)}`
  onRefusal(functionName, `${what}: ${adviceOn(refusal, decision.unknownCondition)}${circumstance}`)
  return refusal
}

/** What is wrong with the role, and where it is put right. */
function adviceOn({ action, because }: Refusal, unknownCondition: string | undefined): string {
  if (unknownCondition !== undefined) {
    return `a statement of its role has a condition on ${unknownCondition}, which cannot be evaluated on one machine; do without it in ${WHERE}.`
  }
  return because === 'explicit'
    ? `a statement of its role denies it; see ${WHERE}.`
    : `no statement of its role allows it; allow '${action}' on this resource in ${WHERE}.`
}

/** The resource as a statement would name it: an object by the first folder of its key, the rest is data. */
function statementResource(resource: string): string {
  const object = /^(arn:[^:]+:s3:::[^/]+\/)(?:([\w.-]+)\/)?/.exec(resource)
  if (object !== null) return `${object[1]}${object[2] === undefined ? '' : `${object[2]}/`}*`
  // A name may have come from a request: a line of a log stays one.
  return resource.replace(/[^\x20-\x7e]/g, '?')
}
