/** The gate before every RPC that needs a caller. */
import { type ContextKey, createContextKey, type HandlerContext } from '@connectrpc/connect'
import type { Call } from '../call.ts'
import { ServiceError } from '../errors.ts'
import type { HttpRequest } from '../http/message.ts'
import type { PublicUrlResolver } from '../http/public-url.ts'
import type { CallerResolver } from './resolve-caller.ts'
import type { ResolvedCaller } from './resolved-caller.ts'
import { assertSameSite } from './same-site.ts'

const UNSET = undefined as never

/** The caller of an RPC method; there is one wherever the gate let the call through. */
export const callerKey: ContextKey<ResolvedCaller> = createContextKey(UNSET, { description: 'caller' })

/** Lets a call through, with its caller in the context, or throws {@link ServiceError}. */
export type CallerGate = (context: HandlerContext, request: HttpRequest, call: Call) => Promise<void>

/**
 * Makes the gate, for `createRpcHandler`. It runs before a body is read.
 *
 * It throws `credentials_missing` if nobody is calling, `cross_site_request` as {@link assertSameSite} says, and
 * whatever the resolver throws.
 */
export function createCallerGate(resolve: CallerResolver, publicUrl: PublicUrlResolver): CallerGate {
  return async (context, request, call) => {
    const resolved = await resolve(request, call)
    if (resolved === undefined) throw new ServiceError('credentials_missing')
    assertSameSite(request, publicUrl, resolved.caller.source)
    context.values.set(callerKey, resolved)
  }
}
