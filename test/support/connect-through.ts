/** Connect's own client with a handler in the place of the network. */
import type { Transport } from '@connectrpc/connect'
import type { UniversalClientFn } from '@connectrpc/connect/protocol'
import { createTransport } from '@connectrpc/connect/protocol-connect'
import { type AlbRequest, callThrough, type EventHandler, TEST_HOST } from './alb-event.ts'

export interface TransportOptions extends Pick<AlbRequest, 'access' | 'multiValue'> {
  /** Protobuf, or else JSON. Default protobuf. */
  readonly useBinaryFormat?: boolean
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A transport for `createClient` whose every call goes through a handler as an event. */
export function transportThrough(handler: EventHandler, options: TransportOptions = {}): Transport {
  return createTransport({
    httpClient: clientThrough(handler, options),
    baseUrl: `https://${TEST_HOST}`,
    useBinaryFormat: options.useBinaryFormat ?? true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 1024,
    readMaxBytes: 0xffffffff,
    writeMaxBytes: 0xffffffff,
  })
}

function clientThrough(handler: EventHandler, options: TransportOptions): UniversalClientFn {
  const { access = 'open', multiValue = true, headers = {} } = options
  return async (request) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request.body ?? []) chunks.push(chunk)
    const { pathname, search } = new URL(request.url)
    const answer = await callThrough(handler, {
      access,
      multiValue,
      method: request.method,
      path: pathname,
      query: search.slice(1),
      headers: { ...Object.fromEntries(request.header), ...headers },
      body: Buffer.concat(chunks),
    })
    return {
      status: answer.status,
      header: new Headers(answer.headers),
      body: oneChunk(answer.body),
      trailer: new Headers(),
    }
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
