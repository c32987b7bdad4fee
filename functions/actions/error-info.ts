/** Errors of actions, short enough to be kept and passed on. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type ExecutionError, ExecutionErrorSchema } from '@flyteorg/flyteidl2/flyteidl2/core/execution_pb.ts'
import {
  type ErrorInfo,
  ErrorInfo_Kind,
  ErrorInfoSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'

/** In UTF-16 units: the whole of an error is in the file of the attempt. */
const MAX_STORED_MESSAGE = 2_500

/** An error with a message that is not longer than this. Where it is cut, an ellipsis says so. */
export function shortened(error: ErrorInfo, maxLength: number): ErrorInfo {
  if (error.message.length <= maxLength) return error
  return { ...error, message: `${error.message.slice(0, maxLength - 1).toWellFormed()}…` }
}

/** An error as it is stored. */
export function errorInfoBytes(error: ErrorInfo): Uint8Array {
  return toBinary(ErrorInfoSchema, shortened(error, MAX_STORED_MESSAGE))
}

/** The error of an action that nobody signalled or finished in time. */
export function timeoutError(message: string): Uint8Array {
  return errorInfoBytes(create(ErrorInfoSchema, { message, kind: ErrorInfo_Kind.USER }))
}

/** Kinds of error by their numbers, which both enums share, in the words that tasks know them by. */
const CODES: Readonly<Record<number, string>> = { 1: 'UserError', 2: 'SystemError' }

/** A stored error as a parent reads it; undefined without one and for unreadable bytes. */
export function executionErrorOf(
  stored: Uint8Array | undefined,
  maxLength: number,
): ExecutionError | undefined {
  const error = readErrorInfo(stored)
  if (error === undefined) return undefined
  const { message, kind } = shortened(error, maxLength)
  return create(ExecutionErrorSchema, { code: CODES[kind] ?? 'UnknownError', message, kind: kind as number })
}

function readErrorInfo(stored: Uint8Array | undefined): ErrorInfo | undefined {
  if (stored === undefined) return undefined
  try {
    return fromBinary(ErrorInfoSchema, stored)
  } catch {
    return undefined
  }
}
