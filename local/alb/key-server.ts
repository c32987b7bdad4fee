import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands for `public-keys.auth.elb.<region>.amazonaws.com`. */
export interface KeyServer {
  readonly url: string
  readonly close: () => Promise<void>
}

/**
 * Serves `GET /<kid>` with the public key of that id as PEM, and 404 for any other path.
 *
 * @param options.port 0 for a free one
 */
export async function startKeyServer(options: {
  readonly publicKey: (kid: string) => string | undefined
  readonly port: number
  readonly host?: string
}): Promise<KeyServer> {
  const host = options.host ?? '127.0.0.1'
  const server = createServer((request, response) => {
    const pem = request.method === 'GET' ? options.publicKey((request.url ?? '/').slice(1)) : undefined
    response.writeHead(pem === undefined ? 404 : 200, { 'content-type': 'text/plain' })
    response.end(pem ?? '')
  })
  const port = await listen(server, options.port, host)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () => closeServer(server),
  }
}

/** Listens and returns the port. @throws what the server reports, such as EADDRINUSE */
export function listen(server: Server, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Stops accepting, ends open connections, and waits until all are gone. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
