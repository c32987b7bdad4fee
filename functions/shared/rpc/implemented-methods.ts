/** Which methods of a service there is an implementation of. */
import type { DescMethod } from '@bufbuild/protobuf'
import type { ConnectRouter } from '@connectrpc/connect'

/**
 * The same router, which also notes the methods it is given. The rest can then be refused whatever is sent to
 * them; connect itself would read and check a message first.
 */
export function notingRouter(router: ConnectRouter, implemented: Set<DescMethod>): ConnectRouter {
  return {
    handlers: router.handlers,
    service(service, implementation, options) {
      for (const method of service.methods) {
        if (Object.hasOwn(implementation, method.localName)) implemented.add(method)
      }
      router.service(service, implementation, options)
      return this
    },
    rpc(method, implementation, options) {
      implemented.add(method)
      router.rpc(method, implementation, options)
      return this
    },
  }
}
