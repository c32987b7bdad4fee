/**
 * The listener that a browser brings the answer of a sign-in to (RFC 8252, 7.3).
 *
 * ```
 *  any other path, method or host, or no answer in the query ─► answered, and the listener goes on waiting
 *  an answer with another state                              ─► `wrong_state`: somebody else's sign-in
 *  an answer with our state                                  ─► taken; the page waits for how it ends
 * ```
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommandError, systemCode } from '../../shared/failure.ts'
import { resultPage } from './page.ts'

export interface Answer {
  /** Where the browser was sent to, with the query as it came. */
  readonly url: URL
  /** Shows the person how it ended. */
  readonly finish: (outcome: 'signed in' | 'failed') => void
}

export interface Listener {
  /** As it was asked for, with the port that is listened on. */
  readonly redirectUri: string
  /** Ends with the answer of the provider, whether it is a code or a refusal. */
  readonly answer: Promise<Answer>
  close(): Promise<void>
}

/**
 * Starts listening.
 *
 * @param options.redirectUri On a loopback host; its port 0 stands for any free one.
 * @throws {CommandError} `port_taken`
 */
export async function listenForAnswer(options: { redirectUri: URL; state: string }): Promise<Listener> {
  const { redirectUri, state } = options
  const target = new URL(redirectUri)
  let resolve: (answer: Answer) => void = () => {}
  let reject: (error: CommandError) => void = () => {}
  const promise = new Promise<Answer>((onAnswer, onFailure) => {
    resolve = onAnswer
    reject = onFailure
  })
  // It may be rejected before anybody waits for it.
  promise.catch(() => undefined)
  let taken = false
  const server = createServer((request, response) => {
    if (request.method !== 'GET') return page(response, 405, 'nothing here')
    // `//` is a target that no URL can be made of.
    const asked = request.url ?? '/'
    const url = new URL(URL.canParse(asked, target.href) ? asked : '/', target)
    const isOurs = url.pathname === target.pathname && request.headers.host === target.host
    if (!isOurs) return page(response, 404, 'nothing here')
    if (taken) return page(response, 409, 'nothing here')
    if (!url.searchParams.has('code') && !url.searchParams.has('error'))
      return page(response, 400, 'nothing here')
    taken = true
    if (url.searchParams.getAll('state').join() !== state) {
      page(response, 400, 'failed')
      return reject(new CommandError('wrong_state', WRONG_STATE))
    }
    const answered = new URL(target)
    answered.search = url.search
    const finish: Answer['finish'] = (outcome) => page(response, outcome === 'failed' ? 400 : 200, outcome)
    resolve({ url: answered, finish })
  })
  target.port = String(await listen(server, redirectUri))
  return { redirectUri: target.href, answer: promise, close: () => close(server) }
}

const WRONG_STATE =
  'The answer in the browser belongs to another sign-in, and nothing was taken from it; run the command again.'

async function listen(server: Server, { hostname, port }: URL): Promise<number> {
  server.headersTimeout = 5_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const code = systemCode(cause) ?? 'error'
      const sentence = `The port for the browser's answer cannot be listened on (${code}); name another with --port.`
      reject(new CommandError('port_taken', sentence, { cause }))
    })
    server.listen(Number(port || '0'), hostname === '[::1]' ? '::1' : '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

function page(
  response: ServerResponse<IncomingMessage>,
  status: number,
  kind: Parameters<typeof resultPage>[0],
) {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // The address has the code in it: it goes nowhere from here.
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    connection: 'close',
  })
  response.end(resultPage(kind))
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    // A browser opens connections ahead of need and keeps them.
    setTimeout(() => server.closeAllConnections(), 500).unref()
  })
}
