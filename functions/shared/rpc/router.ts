/**
 * Connect RPC over load balancer events: unary calls and buffered server streams, in protobuf or JSON.
 *
 * The protocol is connect's; here are the seams: the caller is established before a body is read, failures
 * become Connect errors in one place, and messages are checked against the rules their protos declare.
 */
import type { DescMessage, Message } from '@bufbuild/protobuf'
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ContextKey,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from '@connectrpc/connect'
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol'
import { type Call, noteFailure } from '../call.ts'
import { asServiceError, ServiceError } from '../errors.ts'
import type { HeaderLines, HttpRequest, HttpResponse } from '../http/message.ts'
import type { RpcHandler } from '../http/router.ts'
import { gzipCompression } from './compression.ts'
import { connectErrorOf } from './error.ts'
import { connectErrorResponse } from './error-response.ts'
import { assertMessageValid } from './validate.ts'

/** The largest message this service reads, after decompression. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

const UNSET = undefined as never

/** The request an RPC method is answering. */
export const requestKey: ContextKey<HttpRequest> = createContextKey(UNSET, { description: 'request' })
/** The notes about the call an RPC method is answering. */
export const callKey: ContextKey<Call> = createContextKey(UNSET, { description: 'call' })

export interface RpcOptions {
  /** Registers the services on the router; methods left out answer `unimplemented`. */
  readonly services: (router: ConnectRouter) => void
  /**
   * Runs before a body is read: establishes the caller and puts it into the context, or throws
   * {@link ServiceError}. Absent only where every method is public.
   */
  readonly gate?: (context: HandlerContext, request: HttpRequest, call: Call) => Promise<void> | void
  /** Headers that go with a refusal, such as the challenge of a 401. */
  readonly errorHeaders: (error: ServiceError, request: HttpRequest) => Readonly<Record<string, string>>
}

/** Makes the RPC side of a function. Every failure is answered as a Connect error with a lower-case code. */
export function createRpcHandler(options: RpcOptions): RpcHandler {
  const handlers = new Map(connectHandlers(options).map((handler) => [handler.requestPath, handler]))
  return async (request, call) => {
    const handler = handlers.get(request.path)
    const refusal = handler ? refusalOf(handler, request) : new ServiceError('rpc_unknown')
    if (handler) call.operation = handler.requestPath
    if (!handler || refusal) return refuse(options, refusal as ServiceError, request, call)
    const response = await handler(universalRequest(request, call))
    if (response.status >= 400 && call.error === undefined) {
      return refuse(options, protocolFailure(response.status, handler), request, call)
    }
    return httpResponse(response)
  }
}

function connectHandlers(options: RpcOptions): readonly UniversalHandler[] {
  const router = createConnectRouter({
    grpc: false,
    grpcWeb: false,
    acceptCompression: [gzipCompression],
    readMaxBytes: MAX_MESSAGE_BYTES,
    jsonOptions: { ignoreUnknownFields: true },
    interceptors: [failuresAsConnectErrors(options)],
    requestGate: async (context) => {
      if (options.gate === undefined) return
      const request = context.values.get(requestKey)
      const call = context.values.get(callKey)
      try {
        await options.gate(context, request, call)
      } catch (thrown) {
        throw refusalError(options, thrown, request, call)
      }
    },
  })
  options.services(router)
  return router.handlers
}

/** The one place where a failing method is turned into what its client reads, while it runs or streams. */
function failuresAsConnectErrors(options: RpcOptions): Interceptor {
  return (next) => async (rpc) => {
    const refusal = (thrown: unknown) =>
      refusalError(options, thrown, rpc.contextValues.get(requestKey), rpc.contextValues.get(callKey))
    try {
      if (!rpc.stream) {
        assertMessageValid(rpc.method.input, rpc.message)
        return await next(rpc)
      }
      const response = await next({ ...rpc, message: validMessages(rpc.method.input, rpc.message) })
      return response.stream ? { ...response, message: mapFailure(response.message, refusal) } : response
    } catch (thrown) {
      throw refusal(thrown)
    }
  }
}

async function* validMessages<M extends Message>(schema: DescMessage, messages: AsyncIterable<M>) {
  for await (const message of messages) {
    assertMessageValid(schema, message)
    yield message
  }
}

async function* mapFailure<M>(messages: AsyncIterable<M>, refusal: (thrown: unknown) => unknown) {
  try {
    yield* messages
  } catch (thrown) {
    throw refusal(thrown)
  }
}

function refusalError(options: RpcOptions, thrown: unknown, request: HttpRequest, call: Call) {
  if (isConnectError(thrown) && thrown.cause instanceof ServiceError) return thrown
  const error = isUnimplemented(thrown) ? new ServiceError('rpc_unimplemented') : asServiceError(thrown)
  noteFailure(call, error)
  return connectErrorOf(error, options.errorHeaders(error, request))
}

function isConnectError(thrown: unknown): thrown is ConnectError {
  return thrown instanceof ConnectError
}

/** What connect itself throws for a method that no implementation was given for. */
function isUnimplemented(thrown: unknown): boolean {
  return isConnectError(thrown) && thrown.code === Code.Unimplemented
}

function refuse(options: RpcOptions, error: ServiceError, request: HttpRequest, call: Call): HttpResponse {
  noteFailure(call, error)
  return connectErrorResponse(error, options.errorHeaders(error, request))
}

function refusalOf(handler: UniversalHandler, request: HttpRequest): ServiceError | undefined {
  if (!handler.allowedMethods.includes(request.method)) {
    return new ServiceError('method_not_allowed', { headers: { allow: handler.allowedMethods.join(', ') } })
  }
  const contentType = request.headers['content-type']?.join(', ') ?? ''
  if (request.method === 'POST' && !handler.supportedContentType(contentType)) {
    return new ServiceError('content_type_unsupported')
  }
  return undefined
}

/** A request that connect refused before our code saw a message: its own words may quote what was received. */
function protocolFailure(status: number, handler: UniversalHandler): ServiceError {
  const { typeName } = handler.method.input
  if (status === 404 || status === 501) return new ServiceError('rpc_unimplemented')
  if (status >= 500) return new ServiceError('internal_error')
  return new ServiceError('request_malformed', { message: `The request cannot be read as ${typeName}.` })
}

function universalRequest(request: HttpRequest, call: Call) {
  return {
    httpVersion: '1.1',
    method: request.method,
    url: `https://rpc.invalid${request.path}${request.query ? `?${request.query}` : ''}`,
    header: webHeaders(request.headers),
    body: oneChunk(request.body),
    signal: NEVER_ABORTED,
    contextValues: createContextValues().set(requestKey, request).set(callKey, call),
  }
}

const NEVER_ABORTED = new AbortController().signal

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function webHeaders(lines: HeaderLines): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(lines)) {
    try {
      for (const value of values) headers.append(name, value)
    } catch (error) {
      throw new ServiceError('request_malformed', {
        message: 'A request header cannot be read.',
        cause: error,
      })
    }
  }
  return headers
}

async function httpResponse(response: UniversalServerResponse): Promise<HttpResponse> {
  const chunks: Uint8Array[] = []
  if (response.body) for await (const chunk of response.body) chunks.push(chunk)
  const headers: Record<string, string> = {}
  response.header?.forEach((value, name) => {
    if (name !== 'content-length') headers[name] = value
  })
  const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
  const asText = headers['content-type'] === 'application/json' && headers['content-encoding'] === undefined
  return { status: response.status, headers, body: asText ? Buffer.from(bytes).toString('utf8') : bytes }
}
