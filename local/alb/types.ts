import type { ErrorReason } from './errors.ts'

/** One resource of a CloudFormation template. Properties stay unresolved. */
export interface CloudFormationResource {
  readonly Type: string
  readonly Properties?: Readonly<Record<string, unknown>>
  readonly Condition?: string
  readonly [attribute: string]: unknown
}

/** A parsed CloudFormation template, as far as this folder reads it. */
export interface CloudFormationTemplate {
  readonly Resources?: Readonly<Record<string, CloudFormationResource>>
  readonly Parameters?: Readonly<Record<string, { readonly Type?: string; readonly Default?: unknown }>>
  readonly Conditions?: Readonly<Record<string, unknown>>
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>
  readonly [section: string]: unknown
}

/**
 * The event a Lambda target receives.
 *
 * With `lambda.multi_value_headers.enabled` the two `multiValue…` fields replace the single-value ones; a
 * target group never sends both. Query keys and values are left percent-encoded.
 */
export interface AlbEvent {
  readonly requestContext: { readonly elb: { readonly targetGroupArn: string } }
  readonly httpMethod: string
  readonly path: string
  readonly queryStringParameters?: Readonly<Record<string, string>>
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>>
  readonly headers?: Readonly<Record<string, string>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
  readonly body: string
  readonly isBase64Encoded: boolean
}

/** Why an invocation has no payload. */
export type InvokeFailure =
  | 'timeout'
  | 'error'
  | 'throttled'
  | 'access-denied'
  | 'not-found'
  | 'connection-timeout'

/** What an invocation came to: the function's parsed answer, or why there is none. */
export type InvokeResult = { readonly payload: unknown } | { readonly error: InvokeFailure }

/** The function behind a target group. */
export interface InvokeTarget {
  /** Logical id of the target group. */
  readonly targetGroup: string
  /** The target's `Id` as the template has it, usually `{ Ref }` of an alias or version. */
  readonly functionRef: unknown
}

/** Invokes the function of a target group with an event. A rejection is answered like `error`. */
export type Invoke = (target: InvokeTarget, event: AlbEvent) => Promise<InvokeResult>

/** Resolves a template value (intrinsics and dynamic references) to a concrete one. */
export type Resolve = (value: unknown) => unknown

/** One line of the access log. It has the path but no query, header or body: those can hold secrets. */
export interface AccessLogEntry {
  readonly time: string
  readonly clientIp: string
  readonly method: string
  readonly host: string
  readonly path: string
  readonly status: number
  /** What the function answered, if it was invoked and its answer was well-formed. */
  readonly targetStatus?: number
  /** Logical id of the target group that was chosen. */
  readonly targetGroup?: string
  /** The priority of the rule that matched; `0` is the default action. */
  readonly rulePriority?: number
  /** In the order they ran: `authenticate`, `jwt-validation`, `forward`, `redirect`, `fixed-response`. */
  readonly actions: readonly string[]
  readonly errorReason?: ErrorReason
  readonly traceId: string
  readonly durationMs: number
}

/** Milliseconds since the epoch. */
export type Now = () => number

/** Rewrites a URL of the template to one that can be reached from this machine. */
export type MapUrl = (url: string) => string
