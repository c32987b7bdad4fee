/** Errors of an RPC: Connect's JSON, with the lower-case code and nothing that was received. */
import { Code, ConnectError } from '@connectrpc/connect'
import type { RpcCode, ServiceError } from '../errors.ts'

const CODES: Readonly<Record<RpcCode, Code>> = {
  canceled: Code.Canceled,
  invalid_argument: Code.InvalidArgument,
  deadline_exceeded: Code.DeadlineExceeded,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  out_of_range: Code.OutOfRange,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
  unavailable: Code.Unavailable,
  unauthenticated: Code.Unauthenticated,
}

/** The same failure as a ConnectError, with the headers that have to go with it. */
export function connectErrorOf(error: ServiceError, headers: Readonly<Record<string, string>>): ConnectError {
  return new ConnectError(
    error.message,
    CODES[error.code],
    { ...error.headers, ...headers },
    undefined,
    error,
  )
}
