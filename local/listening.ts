/** Opening and closing ports. */
import type { Server } from 'node:http'
import { createServer, type Server as NetServer } from 'node:net'

/** Nothing of the local stack can be reached from another machine. */
export const LOOPBACK = '127.0.0.1'

/** A port could not be opened. `code` is the operating system's, for example `EADDRINUSE`. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly port: number
  readonly code: string
  constructor(port: number, code: string, cause: unknown) {
    super(`Port ${port} cannot be opened (${code}).`, { cause })
    this.port = port
    this.code = code
  }
}

/**
 * Opens a port and answers the port that was opened.
 *
 * @param options.port 0 takes a free one.
 * @throws {ListenError}
 */
export async function listen(server: NetServer, options: { port: number; host?: string }): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      reject(new ListenError(options.port, error.code ?? 'unknown', error))
    server.once('error', fail)
    server.listen(options.port, options.host ?? LOOPBACK, () => {
      server.off('error', fail)
      resolve()
    })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server has no port')
  return address.port
}

/** Closes a server and every connection that is still open. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** A port that is held until somebody is ready to open it. */
export interface ReservedPort {
  readonly port: number
  /** Lets go of it; safe to call twice. */
  release(): Promise<void>
}

/**
 * Holds a port of the loopback interface, so that a taken one is known before any work is done, and a free
 * one is not given to somebody else meanwhile.
 *
 * @param port 0 takes a free one.
 * @throws {ListenError}
 */
export async function reservePort(port: number): Promise<ReservedPort> {
  const server = createServer((socket) => socket.destroy())
  const held = await listen(server, { port })
  return {
    port: held,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
