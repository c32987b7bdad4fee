/**
 * The way out of the functions: an HTTP proxy that answers some https names itself.
 *
 * A function that reads the load balancer's keys asks `https://public-keys.auth.elb.<region>…` for them,
 * as it does in AWS. Node's own proxy variables send that request here (`CONNECT`), where the name leads to
 * a local handler behind a certificate of the local authority, which `NODE_EXTRA_CA_CERTS` makes the
 * function trust. Every other name is tunnelled to where it points, untouched and unread.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { CertificateAuthority } from './certificates.ts'
import { closeServer, LOOPBACK, listen } from './listening.ts'

export interface Outbound {
  readonly port: number
  /** What a Node process needs in its environment to go out this way. */
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Host names, without a port, and who answers them. */
export type LocalNames = ReadonlyMap<string, RequestListener>

/**
 * Starts the proxy on a free port of the loopback interface.
 *
 * @param options.authority Issues the certificates; its file has to exist for `environment` to name it.
 */
export async function startOutbound(options: {
  authority: CertificateAuthority
  names: LocalNames
}): Promise<Outbound> {
  const { authority, names } = options
  const credentials = await authority.issue([...names.keys()])
  const inside = createHttpsServer({ ...credentials, minVersion: 'TLSv1.2' }, (request, response) =>
    answer(names, request, response),
  )
  const insidePort = await listen(inside, { port: 0 })
  const proxy = createHttpServer((_request, response) => {
    response.writeHead(405, { 'content-type': 'text/plain' }).end('This proxy only tunnels (CONNECT).\n')
  })
  const sockets = new Set<Duplex>()
  proxy.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const target = parseTarget(request.url ?? '')
    if (target === undefined) return void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    const there = names.has(target.host) ? { host: LOOPBACK, port: insidePort } : target
    track(sockets, socket)
    track(sockets, tunnel({ socket, head, there }))
  })
  const port = await listen(proxy, { port: 0 })
  return {
    port,
    environment: {
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: `http://${LOOPBACK}:${port}`,
      NO_PROXY: `localhost,${LOOPBACK}`,
      ...(authority.file === null ? {} : { NODE_EXTRA_CA_CERTS: authority.file }),
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await Promise.all([closeServer(proxy), closeServer(inside)])
    },
  }
}

function answer(names: LocalNames, request: IncomingMessage, response: ServerResponse): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  const handler = names.get(host)
  if (handler === undefined) response.writeHead(421).end()
  else handler(request, response)
}

function parseTarget(authority: string): { host: string; port: number } | undefined {
  const match = /^(\[[\da-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(authority)
  if (match?.[1] === undefined) return undefined
  return { host: match[1].toLowerCase().replace(/^\[|\]$/g, ''), port: Number(match[2]) }
}

function tunnel(options: { socket: Duplex; head: Buffer; there: { host: string; port: number } }): Socket {
  const { socket, head, there } = options
  const upstream = connect(there.port, there.host, () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    upstream.write(head)
    upstream.pipe(socket).pipe(upstream)
  })
  upstream.once('error', () => {
    // Before the tunnel stands this is an answer; after it, nobody reads it and the connection just ends.
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  socket.once('error', () => upstream.destroy())
  return upstream
}

function track(sockets: Set<Duplex>, socket: Duplex): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}
