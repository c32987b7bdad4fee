/**
 * S3 for the local stack: put, get, head and delete an object, signed in the header or by a presigned URL.
 *
 * Path-style addresses only (`/<bucket>/<key>`), which is what the SDK uses towards an IP address. Not here:
 * lists, multipart uploads, ranges, versions, policies.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { readBody } from '../http.ts'
import { closeServer, LOOPBACK, listen } from '../listening.ts'
import { LOCAL_CREDENTIALS } from './credentials.ts'
import { type ObjectFiles, objectsInDirectory, objectsInMemory, type StoredObject } from './object-files.ts'
import { signatureProblem } from './sigv4.ts'

export interface LocalS3 {
  readonly endpoint: string
  close(): Promise<void>
}

export interface S3Options {
  /** The buckets that exist. */
  readonly buckets: readonly string[]
  /** Where the objects are kept; null keeps them in memory. */
  readonly directory: string | null
  readonly now?: () => number
}

const KEPT_HEADERS = /^(content-type|content-encoding|content-disposition|cache-control|x-amz-meta-.+)$/

/** Starts the double on a free port. */
export async function startS3(options: S3Options): Promise<LocalS3> {
  const objects = options.directory === null ? objectsInMemory() : await objectsInDirectory(options.directory)
  const now = options.now ?? Date.now
  const server = createServer((request, response) => {
    answer({ request, response, objects, buckets: options.buckets, nowMs: now() }).catch(() =>
      refuse(response, 500, 'InternalError'),
    )
  })
  const port = await listen(server, { port: 0 })
  return { endpoint: `http://${LOOPBACK}:${port}`, close: () => closeServer(server) }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly objects: ObjectFiles
  readonly buckets: readonly string[]
  readonly nowMs: number
}

async function answer({ request, response, objects, buckets, nowMs }: Exchange): Promise<void> {
  const { method = '', url: target = '', headers } = request
  const body = await readBody(request)
  const problem = signatureProblem({
    request: { method, target, headers, body },
    credentials: LOCAL_CREDENTIALS,
    nowMs,
  })
  if (problem !== undefined) return refuse(response, 403, problem)
  const [, bucket = '', ...rest] = decodeURIComponent(target.split('?')[0] ?? '').split('/')
  const key = rest.join('/')
  if (!buckets.includes(bucket)) return refuse(response, 404, 'NoSuchBucket')
  if (key === '') return refuse(response, 501, 'NotImplemented')
  const existing = await objects.get(bucket, key)
  switch (method) {
    case 'GET':
    case 'HEAD':
      return existing === undefined ? refuse(response, 404, 'NoSuchKey') : send(response, existing, method)
    case 'DELETE':
      await objects.delete(bucket, key)
      return void response.writeHead(204).end()
    case 'PUT': {
      const refused = putProblem(request, body, existing)
      if (refused !== undefined) return refuse(response, ...refused)
      const object = toObject(request, body)
      await objects.put(bucket, key, object)
      return void response.writeHead(200, { etag: etagOf(object.body) }).end()
    }
    default:
      return refuse(response, 405, 'MethodNotAllowed')
  }
}

function putProblem(
  { headers }: IncomingMessage,
  body: Buffer,
  existing: StoredObject | undefined,
): [number, string] | undefined {
  const md5 = headers['content-md5']
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) return [400, 'BadDigest']
  if (headers['if-none-match'] === '*' && existing !== undefined) return [412, 'PreconditionFailed']
  return undefined
}

function toObject({ headers }: IncomingMessage, sent: Buffer): StoredObject {
  const chunked = String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-')
  const kept = Object.entries(headers).filter(
    ([name, value]) => KEPT_HEADERS.test(name) && !(name === 'content-encoding' && value === 'aws-chunked'),
  )
  return {
    body: chunked ? decodeChunks(sent) : sent,
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
  }
}

/** `aws-chunked`: a size in hexadecimal, the bytes, and so on until a size of 0 and the trailers. */
function decodeChunks(sent: Buffer): Buffer {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = sent.indexOf('\r\n', at)
    const size = Number.parseInt(sent.toString('latin1', at, lineEnd), 16)
    if (lineEnd < 0 || !(size > 0)) return Buffer.concat(chunks)
    chunks.push(sent.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

function send(response: ServerResponse, { headers, body }: StoredObject, method: string): void {
  response.writeHead(200, { ...headers, 'content-length': body.length, etag: etagOf(body) })
  response.end(method === 'HEAD' ? undefined : body)
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(
    response.req.method === 'HEAD' ? undefined : `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`,
  )
}
