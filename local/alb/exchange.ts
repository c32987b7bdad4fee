import type { ErrorReason } from './errors.ts'
import type { AlbRequest, HeaderField } from './request.ts'

/** A request on its way through the actions of its rule. The actions add to it; the server reads it. */
export interface Exchange {
  readonly request: AlbRequest
  /** Scheme, host and port that the client knows this load balancer by, or undefined without a Host. */
  readonly publicOrigin: string | undefined
  /** The request's headers as the function is to see them; authentication replaces this. */
  headers: readonly HeaderField[]
  /** Set-Cookie values to add to whatever answer the rule comes to. */
  readonly setCookies: string[]
  /** What the access log will say. */
  readonly executed: string[]
  targetGroup?: string
  targetStatus?: number
  /** Why authentication did not hold, where the rule went on all the same. */
  errorReason?: ErrorReason
}
