/**
 * Connect RPC over load balancer events: unary calls and buffered server streams, in protobuf or JSON.
 *
 * The protocol is connect's; here are the seams: the caller is established before a body is read, failures
 * become Connect errors in one place, and messages are checked against the rules their protos declare.
 */
import { type DescMethod, type Message, toBinary } from '@bufbuild/protobuf'
import {
  type ConnectRouter,
  type ContextKey,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from '@connectrpc/connect'
import type { UniversalHandler, UniversalServerResponse } from '@connectrpc/connect/protocol'
import { MAX_RESULT_BYTES } from '../alb/event.ts'
import { type Call, noteFailure } from '../call.ts'
import { asServiceError, ServiceError } from '../errors.ts'
import type { HttpRequest, HttpResponse } from '../http/message.ts'
import type { RpcHandler } from '../http/router.ts'
import { gzipCompression } from './compression.ts'
import { endOfStream } from './end-of-stream.ts'
import { connectErrorOf } from './error.ts'
import { connectErrorResponse } from './error-response.ts'
import { notingRouter } from './implemented-methods.ts'
import { failureOfAnswer, failureOfInput, failureOfMethod } from './protocol-failure.ts'
import { universalRequest } from './protocol-request.ts'
import { assertMessageValid } from './validate.ts'

/** The largest message this service reads, after decompression; and all messages of a stream together. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** How many messages of a stream are read: an empty one takes five bytes of a body, and far more once it is read. */
export const MAX_STREAM_MESSAGES = 10_000

/** The largest stream that fits into a result as base64, with room for the headers. */
const MAX_STREAM_BYTES = ((MAX_RESULT_BYTES - 16 * 1024) / 4) * 3

const JSON_OPTIONS = {
  ignoreUnknownFields: true,
  // Connect's own decoder would put a replacement character where the text is not UTF-8.
  textDecoder: new TextDecoder('utf-8', { fatal: true }),
}

const UNSET = undefined as never

/** The request an RPC method is answering. */
export const requestKey: ContextKey<HttpRequest> = createContextKey(UNSET, { description: 'request' })
/** The notes about the call an RPC method is answering. */
export const callKey: ContextKey<Call> = createContextKey(UNSET, { description: 'call' })

/** Whether the message of a unary call could be read. */
const wasReadKey: ContextKey<boolean> = createContextKey(false, { description: 'was read' })

export interface RpcOptions {
  /**
   * Registers the services on the router; methods left out answer `unimplemented`. In a method's context, use
   * the request of {@link requestKey}: `requestHeader` has the headers of the protocol only.
   */
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
    if (!handler) return refuse(options, new ServiceError('rpc_unknown'), request, call)
    call.operation = handler.requestPath
    const refusal = refusalOf(handler, request)
    if (refusal) return refuse(options, refusal, request, call)
    const contextValues = createContextValues().set(requestKey, request).set(callKey, call)
    const response = await httpResponse(await handler(universalRequest(request, contextValues)))
    if (response.status >= 400 && call.error === undefined) {
      // With a message read and no error of ours, it is our answer that could not be written.
      const wasRead = contextValues.get(wasReadKey)
      const error = wasRead ? new ServiceError('internal_error') : failureOfAnswer(response.body, handler)
      return refuse(options, error, request, call)
    }
    if (handler.method.methodKind === 'unary') return withText(response)
    return response.body.length > MAX_STREAM_BYTES ? refuseStream(options, response, request, call) : response
  }
}

function connectHandlers(options: RpcOptions): readonly UniversalHandler[] {
  const implemented = new Set<DescMethod>()
  const router = createConnectRouter({
    grpc: false,
    grpcWeb: false,
    acceptCompression: [gzipCompression],
    readMaxBytes: MAX_MESSAGE_BYTES,
    jsonOptions: JSON_OPTIONS,
    interceptors: [failuresAsConnectErrors(options)],
    requestGate: async (context) => {
      const request = context.values.get(requestKey)
      const call = context.values.get(callKey)
      try {
        await options.gate?.(context, request, call)
        if (!implemented.has(context.method)) throw new ServiceError('rpc_unimplemented')
      } catch (thrown) {
        throw refusalError(options, thrown, request, call)
      }
    },
  })
  options.services(notingRouter(router, implemented))
  return router.handlers
}

/** The one place where a failing method is turned into what its client reads, while it runs or streams. */
function failuresAsConnectErrors(options: RpcOptions): Interceptor {
  return (next) => async (rpc) => {
    const refusal = (thrown: unknown) =>
      refusalError(options, thrown, rpc.contextValues.get(requestKey), rpc.contextValues.get(callKey))
    try {
      rpc.contextValues.set(wasReadKey, true)
      if (!rpc.stream) {
        assertMessageValid(rpc.method.input, rpc.message)
        return await next(rpc)
      }
      const response = await next({ ...rpc, message: validMessages(rpc.method, rpc.message) })
      return response.stream ? { ...response, message: mapFailure(response.message, refusal) } : response
    } catch (thrown) {
      throw refusal(thrown)
    }
  }
}

/**
 * The messages of a streaming call: complete in the request's body, and read here before the method runs, so
 * that what is wrong with them is told from what goes wrong later.
 */
async function* validMessages<M extends Message>(method: DescMethod, messages: AsyncIterable<M>) {
  const received: M[] = []
  const isSingle = method.methodKind === 'server_streaming'
  let bytes = 0
  try {
    for await (const message of messages) {
      received.push(message)
      // The rest is not even unpacked: a small body can hold many messages that are large once they are.
      if (isSingle && received.length > 1) break
      if (!isSingle) bytes += toBinary(method.input, message).length
      if (bytes > MAX_MESSAGE_BYTES || received.length > MAX_STREAM_MESSAGES) {
        throw new ServiceError('request_too_large')
      }
    }
  } catch (thrown) {
    throw failureOfInput(thrown, method)
  }
  if (isSingle && received.length !== 1) throw new ServiceError('request_malformed')
  for (const message of received) assertMessageValid(method.input, message)
  yield* received
}

async function* mapFailure<M>(messages: AsyncIterable<M>, refusal: (thrown: unknown) => unknown) {
  try {
    yield* messages
  } catch (thrown) {
    throw refusal(thrown)
  }
}

function refusalError(options: RpcOptions, thrown: unknown, request: HttpRequest, call: Call) {
  const error = failureOfMethod(thrown) ?? asServiceError(thrown)
  noteFailure(call, error)
  return connectErrorOf(error, options.errorHeaders(error, request))
}

function refuse(options: RpcOptions, error: ServiceError, request: HttpRequest, call: Call): HttpResponse {
  noteFailure(call, error)
  return connectErrorResponse(error, options.errorHeaders(error, request))
}

/** A stream that the load balancer would not pass on ends with that error and nothing else. */
function refuseStream(options: RpcOptions, response: HttpResponse, request: HttpRequest, call: Call) {
  const error = new ServiceError('response_too_large')
  noteFailure(call, error)
  return endOfStream(error, String(response.headers['content-type']), options.errorHeaders(error, request))
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

async function httpResponse(response: UniversalServerResponse): Promise<HttpResponse & { body: Uint8Array }> {
  const chunks: Uint8Array[] = []
  if (response.body) for await (const chunk of response.body) chunks.push(chunk)
  // What is told to one caller is nobody else's, whatever is between here and there.
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  response.header?.forEach((value, name) => {
    if (name !== 'content-length') headers[name] = value
  })
  const body = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
  return { status: response.status, headers, body }
}

/** JSON goes out as text, which takes less of the load balancer's limit than base64 does. */
function withText(response: HttpResponse & { body: Uint8Array }): HttpResponse {
  const { headers, body } = response
  const isText = headers['content-type'] === 'application/json' && headers['content-encoding'] === undefined
  return isText ? { ...response, body: Buffer.from(body).toString('utf8') } : response
}
