/** Asks whether a caller may do what its request asks of the database, before the database sees it. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { readBody } from '../http.ts'
import { type Access, claimedAccessKeyId, refusalMessage, sessionTokenOf } from './access.ts'
import { type TableUse, tableUses } from './dynamodb-operations.ts'

/** Where a request is sent that is a call of an operation. */
const TARGET = /^DynamoDB_\d+\.(\w+)$/

export interface GateOptions {
  readonly access: Access
  /** The ARN of a table by its name. */
  readonly arnOf: (table: string) => string
}

/**
 * Puts the gate in front of the one listener of a database's server.
 *
 * Checks whose key a request names and what its holder may do. Does not check the signature: the database
 * does not, either.
 */
export function guardDatabase(server: Server, options: GateOptions): void {
  const [answer] = server.listeners('request') as RequestListener[]
  if (answer === undefined) throw new TypeError('the database has no listener')
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    readBody(request)
      .then((body) => {
        const refused = request.method === 'POST' ? problem(request, body, options) : undefined
        if (refused !== undefined) return refuse(response, refused)
        answer.call(server, replay(request, body), response)
      })
      .catch(() => response.destroy())
  })
}

interface Problem {
  readonly __type: string
  readonly Message: string
}

function problem(request: IncomingMessage, body: Buffer, options: GateOptions): Problem | undefined {
  const accessKeyId = claimedAccessKeyId(request.headers)
  if (accessKeyId === undefined) {
    return service('MissingAuthenticationTokenException', 'Request is missing Authentication Token')
  }
  const caller = options.access.callerOf(accessKeyId, sessionTokenOf(request.headers))
  if (caller === undefined) {
    return service('UnrecognizedClientException', 'The security token included in the request is invalid.')
  }
  for (const { action, table } of usesOf(request, body)) {
    const refusal = caller.refusal(action, table === undefined ? '*' : options.arnOf(table))
    if (refusal !== undefined) return service('AccessDeniedException', refusalMessage(refusal))
  }
  return undefined
}

/** Nothing for what is not a call or not JSON: the database answers those with what is wrong. */
function usesOf(request: IncomingMessage, body: Buffer): TableUse[] {
  const operation = TARGET.exec(String(request.headers['x-amz-target'] ?? ''))?.[1]
  if (operation === undefined) return []
  try {
    return tableUses(operation, JSON.parse(body.toString('utf8')))
  } catch {
    return []
  }
}

function service(name: string, message: string): Problem {
  return { __type: `com.amazon.coral.service#${name}`, Message: message }
}

function refuse(response: ServerResponse, refused: Problem): void {
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(refused))
}

/** The request with its body still to be read. */
function replay({ method, url, headers }: IncomingMessage, body: Buffer): IncomingMessage {
  const again = Readable.from(body.length === 0 ? [] : [body], { objectMode: false })
  return Object.assign(again, { method, url, headers }) as unknown as IncomingMessage
}
