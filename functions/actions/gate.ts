/** The gate before every method of this function. */
import type { CallerGate } from '../shared/identity/caller-gate.ts'
import { callerKey } from '../shared/identity/caller-gate.ts'
import type { CallerResolver } from '../shared/identity/resolve-caller.ts'

/**
 * Lets calls from the tasks' network through: which network that is, the internal load balancer's security group
 * says. A task needs no credential; one that is sent has to hold, and its caller goes into the context. Whoever
 * sends none is nobody: no header names a caller.
 *
 * It throws what the resolver throws. That a call came through the internal load balancer at all, the router has
 * checked before.
 */
export function createNetworkGate(resolve: CallerResolver): CallerGate {
  return async (context, request, call) => {
    const resolved = await resolve(request, call)
    if (resolved !== undefined) context.values.set(callerKey, resolved)
  }
}
