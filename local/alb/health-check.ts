import { healthCheckEvent } from './event.ts'
import { readFunctionAnswer } from './function-answer.ts'
import type { TargetGroup } from './target-group.ts'
import type { Invoke } from './types.ts'

/** What a health check found. */
export interface Health {
  readonly healthy: boolean
  /** The status the function answered, if it answered. */
  readonly status?: number
}

/**
 * Checks the function of a target group once, as the load balancer does: straight to the function, past
 * every rule and every authentication, healthy if the status is one of the group's success codes. It runs
 * whether or not the group has health checks enabled. Never rejects.
 */
export async function checkHealth(group: TargetGroup, invoke: Invoke): Promise<Health> {
  if (group.functionRef === undefined) return { healthy: false }
  try {
    const target = { targetGroup: group.logicalId, functionRef: group.functionRef }
    const result = await invoke(target, healthCheckEvent(group))
    if ('error' in result) return { healthy: false }
    const { status } = readFunctionAnswer(result.payload, group)
    return { healthy: matchesCodes(status, group.healthCheck.successCodes), status }
  } catch {
    return { healthy: false }
  }
}

/** `200`, `200,202` or `200-299`, in any combination. */
function matchesCodes(status: number, codes: string): boolean {
  return codes.split(',').some((part) => {
    const [from, to] = part.split('-').map(Number)
    return from !== undefined && status >= from && status <= (to ?? from)
  })
}
