import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'

export interface Reply {
  readonly status: number
  readonly statusText: string
  readonly headers: IncomingHttpHeaders
  readonly setCookies: readonly string[]
  readonly bytes: Buffer
  readonly text: string
}

export interface SendOptions {
  readonly method?: string
  /** Names and values in turn may repeat. */
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Buffer
}

/** Sends one request as it is: the path is not normalized, redirects are not followed. */
export function send(port: number, path: string, options: SendOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method: options.method ?? 'GET',
        headers: options.headers,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const bytes = Buffer.concat(chunks)
          resolve({
            status: response.statusCode ?? 0,
            statusText: response.statusMessage ?? '',
            headers: response.headers,
            setCookies: response.headers['set-cookie'] ?? [],
            bytes,
            text: bytes.toString('utf8'),
          })
        })
      },
    )
    request.on('error', reject)
    request.end(options.body)
  })
}

/** Writes bytes to the port and returns everything that comes back until the end of the connection. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    socket.on('error', reject)
  })
}
