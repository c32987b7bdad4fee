/**
 * Services whose code and messages are loaded at their first call. Most instances only ever see runs, and every
 * message that is described at a cold start costs time.
 */
import { ServiceError } from '../shared/errors.ts'
import type { RpcHandler } from '../shared/http/router.ts'
import type { RpcOptions } from '../shared/rpc/router.ts'

type Registers = RpcOptions['services']

/** Loads the code that registers a service, by the service's full name. */
export type LazyServices = Readonly<Record<string, () => Promise<Registers>>>

/**
 * Adds services to those that are there from the start. Of calls that come at once the first one loads; a load that
 * failed is tried again by the next call.
 */
export function withLazyServices(lazy: LazyServices, make: (services: Registers) => RpcHandler) {
  const loaded = new Map<string, Promise<RpcHandler>>()
  const load = (name: string): Promise<RpcHandler> | undefined => {
    const known = loaded.get(name)
    const register = Object.hasOwn(lazy, name) ? lazy[name] : undefined
    if (known !== undefined || register === undefined) return known
    const loading = register().then(make)
    loaded.set(name, loading)
    loading.catch(() => loaded.delete(name))
    return loading
  }
  return (eager: Registers): RpcHandler => {
    const handler = make(eager)
    return async (request, call) => {
      const later = load(request.path.split('/', 2)[1] ?? '')
      if (later === undefined) return handler(request, call)
      return (await later.catch(failedToLoad))(request, call)
    }
  }
}

function failedToLoad(cause: unknown): never {
  throw new ServiceError('internal_error', { cause })
}
