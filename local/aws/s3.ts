/**
 * S3 for the local stack: put, get, head and delete an object, signed in the header or by a presigned URL.
 *
 * Path-style addresses only (`/<bucket>/<key>`), which is what the SDK uses towards an IP address. Not here:
 * lists, multipart uploads, ranges, versions, bucket policies.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { readBody } from '../http.ts'
import { closeServer, LOOPBACK, listen } from '../listening.ts'
import { bucketArn } from '../resource-names.ts'
import { type Access, type Caller, type Refusal, refusalMessage } from './access.ts'
import { type ObjectFiles, objectsInDirectory, objectsInMemory, type StoredObject } from './object-files.ts'
import { verifySignature } from './sigv4.ts'

export interface LocalS3 {
  readonly endpoint: string
  close(): Promise<void>
}

export interface S3Options {
  /** The buckets that exist. */
  readonly buckets: readonly string[]
  /** Where the objects are kept; null keeps them in memory. */
  readonly directory: string | null
  /** Who may do what with which object. */
  readonly access: Access
  readonly now?: () => number
}

const KEPT_HEADERS = /^(content-type|content-encoding|content-disposition|cache-control|x-amz-meta-.+)$/

/** Starts the double on a free port. */
export async function startS3(options: S3Options): Promise<LocalS3> {
  const { buckets, directory, access, now = Date.now } = options
  const objects = directory === null ? objectsInMemory() : await objectsInDirectory(directory)
  const server = createServer((request, response) => {
    answer({ request, response, objects, buckets, access, nowMs: now() }).catch(() =>
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
  readonly access: Access
  readonly nowMs: number
}

const MISSING_OBJECT =
  ' (The object that was asked for is not there; S3 answers 404 only to who may list the bucket, and 403 to others.)'

/** What has to be allowed for a method on an object. */
const ACTIONS: Readonly<Record<string, string>> = {
  GET: 's3:GetObject',
  HEAD: 's3:GetObject',
  PUT: 's3:PutObject',
  DELETE: 's3:DeleteObject',
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, access, nowMs, buckets } = exchange
  const { method = '', url: target = '', headers } = request
  const body = await readBody(request)
  const signed = { method, target, headers, body }
  const verified = verifySignature({ request: signed, signerOf: access.callerOf, nowMs })
  if ('problem' in verified) return refuse(response, 403, verified.problem)
  const [, bucket = '', ...rest] = decodeURIComponent(target.split('?')[0] ?? '').split('/')
  const key = rest.join('/')
  if (!buckets.includes(bucket)) return refuse(response, 404, 'NoSuchBucket')
  const caller = verified.signer
  if (key === '') {
    const refusal = caller.refusal('s3:ListBucket', bucketArn(bucket))
    return refusal === undefined ? refuse(response, 501, 'NotImplemented') : deny(response, refusal)
  }
  const action = ACTIONS[method]
  if (action === undefined) return refuse(response, 405, 'MethodNotAllowed')
  const refusal = caller.refusal(action, `${bucketArn(bucket)}/${key}`)
  if (refusal !== undefined) return deny(response, refusal)
  return answerObject({ ...exchange, body, bucket, key, caller })
}

async function answerObject(
  exchange: Exchange & { body: Buffer; bucket: string; key: string; caller: Caller },
): Promise<void> {
  const { request, response, objects, body, bucket, key, caller } = exchange
  const existing = await objects.get(bucket, key)
  if (request.method === 'DELETE') {
    await objects.delete(bucket, key)
    return void response.writeHead(204).end()
  }
  if (request.method === 'PUT') {
    const refused = putProblem(request, body, existing)
    if (refused !== undefined) return refuse(response, ...refused)
    const object = toObject(request, body)
    await objects.put(bucket, key, object)
    return void response.writeHead(200, { etag: etagOf(object.body) }).end()
  }
  if (existing !== undefined) return send(response, existing, request.method ?? '')
  // Only who may list a bucket learns that an object is not there.
  const refusal = caller.refusal('s3:ListBucket', bucketArn(bucket), MISSING_OBJECT)
  return refusal === undefined ? refuse(response, 404, 'NoSuchKey') : deny(response, refusal)
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

/** 403, in S3's words. */
function deny(response: ServerResponse, refusal: Refusal): void {
  refuse(response, 403, 'AccessDenied', refusalMessage(refusal, `"${refusal.resource}"`))
}

function refuse(response: ServerResponse, status: number, code: string, message = ''): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  const text = message === '' ? '' : `<Message>${escapeXml(message)}</Message>`
  const document = `<?xml version="1.0"?><Error><Code>${code}</Code>${text}</Error>`
  response.end(response.req.method === 'HEAD' ? undefined : document)
}

function escapeXml(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?')
  return printable.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
