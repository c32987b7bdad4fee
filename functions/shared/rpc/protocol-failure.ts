/** What connect itself finds wrong with a call, in our words: its own may quote what was received. */
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import type { UniversalHandler } from '@connectrpc/connect/protocol'
import { codeFromString } from '@connectrpc/connect/protocol-connect'
import { type Reason, ServiceError } from '../errors.ts'

type Method = HandlerContext['method']

/**
 * The failure behind a unary answer that connect refused before our code saw a message. `body` is Connect's
 * JSON; without one the request has a form that connect does not take at all.
 */
export function failureOfAnswer(body: Uint8Array, handler: UniversalHandler): ServiceError {
  return serviceError(reasonOf(codeOfBody(body)), handler.method)
}

/** The failure behind what connect threw while it was reading the message of a stream. */
export function failureOfInput(thrown: unknown, method: Method): ServiceError {
  if (thrown instanceof ServiceError) return thrown
  return serviceError(reasonOf(ConnectError.from(thrown).code), method, thrown)
}

/** The failure behind what was thrown by, or around, an implementation. */
export function failureOfMethod(thrown: unknown): ServiceError | undefined {
  if (!(thrown instanceof ConnectError)) return undefined
  if (thrown.cause instanceof ServiceError) return thrown.cause
  // What connect itself throws for a method that no implementation was given for, and from a deadline's signal.
  if (thrown.code === Code.Unimplemented) return new ServiceError('rpc_unimplemented')
  if (thrown.code === Code.DeadlineExceeded) return new ServiceError('deadline_exceeded', { cause: thrown })
  return undefined
}

function reasonOf(code: Code | undefined): Reason {
  switch (code) {
    case Code.OutOfRange:
    case Code.ResourceExhausted:
      return 'request_too_large'
    case Code.Unimplemented:
      return 'encoding_unsupported'
    case Code.DeadlineExceeded:
      return 'deadline_exceeded'
    default:
      return 'request_malformed'
  }
}

function serviceError(reason: Reason, method: Method, cause?: unknown): ServiceError {
  if (reason !== 'request_malformed') return new ServiceError(reason, { cause })
  const message = `The request cannot be read as ${method.input.typeName}.`
  return new ServiceError(reason, { message, cause })
}

function codeOfBody(body: Uint8Array): Code | undefined {
  try {
    const { code } = JSON.parse(Buffer.from(body).toString('utf8')) as { code?: unknown }
    return typeof code === 'string' ? codeFromString(code) : undefined
  } catch {
    return undefined
  }
}
