/**
 * Verifies AWS Signature Version 4 the way S3 does: in the `Authorization` header, or in the query of a
 * presigned URL. S3 signs the path as it is sent; other services encode it once more, which is not done here.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { sessionTokenOf } from './access.ts'

export interface SignedRequest {
  readonly method: string
  /** Path and query exactly as they were sent. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Why a request is refused, in S3's own words. */
export type SignatureProblem =
  | 'AccessDenied'
  | 'AuthorizationHeaderMalformed'
  | 'InvalidAccessKeyId'
  | 'RequestTimeTooSkewed'
  | 'SignatureDoesNotMatch'
  | 'XAmzContentSHA256Mismatch'

interface Signature {
  readonly accessKeyId: string
  /** `date/region/service/aws4_request` */
  readonly scope: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string
  /** Lifetime of a presigned URL in seconds; undefined for a signed header. */
  readonly expiresInSeconds: number | undefined
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const MAX_SKEW_MS = 15 * 60_000

/** Whoever signed a request, or what is wrong with it. */
export type Verification<Signer> = { readonly signer: Signer } | { readonly problem: SignatureProblem }

/** Finds whoever signed the request, if it is unchanged and in time. */
export function verifySignature<Signer extends { readonly secretAccessKey: string }>(options: {
  request: SignedRequest
  /** The holder of an access key; undefined for a key that nobody has, or not with this session token. */
  signerOf: (accessKeyId: string, sessionToken: string | undefined) => Signer | undefined
  nowMs: number
}): Verification<Signer> {
  const { request, signerOf, nowMs } = options
  const query = new URLSearchParams(request.target.split('?')[1] ?? '')
  if (!query.has('X-Amz-Signature') && request.headers.authorization === undefined) {
    return { problem: 'AccessDenied' }
  }
  const signature = query.has('X-Amz-Signature') ? fromQuery(query) : fromHeader(request.headers)
  if (signature === undefined) return { problem: 'AuthorizationHeaderMalformed' }
  const sessionToken = query.get('X-Amz-Security-Token') ?? sessionTokenOf(request.headers)
  const signer = signerOf(signature.accessKeyId, sessionToken)
  if (signer === undefined) return { problem: 'InvalidAccessKeyId' }
  const expected = sign({ request, signature, secretAccessKey: signer.secretAccessKey })
  if (!sameText(expected, signature.signature)) return { problem: 'SignatureDoesNotMatch' }
  const problem = timeProblem(signature, nowMs) ?? payloadProblem(request)
  return problem === undefined ? { signer } : { problem }
}

function fromQuery(query: URLSearchParams): Signature | undefined {
  const expires = Number(query.get('X-Amz-Expires'))
  if (query.get('X-Amz-Algorithm') !== ALGORITHM || !Number.isInteger(expires) || expires < 1)
    return undefined
  return withCredential(query.get('X-Amz-Credential') ?? '', {
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    timestamp: query.get('X-Amz-Date') ?? '',
    expiresInSeconds: expires,
  })
}

function fromHeader(headers: IncomingHttpHeaders): Signature | undefined {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
    headers.authorization ?? '',
  )
  if (match === null) return undefined
  const [, credential = '', signedHeaders = '', signature = ''] = match
  const timestamp = String(headers['x-amz-date'] ?? '')
  return withCredential(credential, {
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp,
    expiresInSeconds: undefined,
  })
}

function withCredential(
  credential: string,
  rest: Omit<Signature, 'accessKeyId' | 'scope'>,
): Signature | undefined {
  const [accessKeyId = '', ...scope] = credential.split('/')
  if (scope.length !== 4 || !/^\d{8}T\d{6}Z$/.test(rest.timestamp)) return undefined
  return { accessKeyId, scope: scope.join('/'), ...rest }
}

function sign(options: { request: SignedRequest; signature: Signature; secretAccessKey: string }): string {
  const { request, signature, secretAccessKey } = options
  const toSign = [
    ALGORITHM,
    signature.timestamp,
    signature.scope,
    sha256(canonicalRequest(request, signature)),
  ]
  let key: Buffer | string = `AWS4${secretAccessKey}`
  for (const part of signature.scope.split('/')) key = hmac(key, part)
  return hmac(key, toSign.join('\n')).toString('hex')
}

function canonicalRequest(request: SignedRequest, signature: Signature): string {
  const [path = '', query = ''] = request.target.split('?')
  const parameters = query
    .split('&')
    .filter((parameter) => parameter !== '' && !parameter.startsWith('X-Amz-Signature='))
    .map((parameter) => (parameter.includes('=') ? parameter : `${parameter}=`))
  const headers = signature.signedHeaders.map((name) => {
    const value = request.headers[name]
    return `${name}:${[value ?? ''].flat().join(',').trim().replace(/ +/g, ' ')}\n`
  })
  const presigned = signature.expiresInSeconds !== undefined
  // Other services than S3 do not have it declared.
  const declared = request.headers['x-amz-content-sha256']
  const payload = String(declared ?? (presigned ? 'UNSIGNED-PAYLOAD' : sha256(request.body)))
  return [
    request.method,
    path,
    parameters.toSorted().join('&'),
    headers.join(''),
    signature.signedHeaders.join(';'),
    payload,
  ].join('\n')
}

function timeProblem(signature: Signature, nowMs: number): SignatureProblem | undefined {
  const signedAtMs = Date.parse(
    signature.timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  )
  if (signature.expiresInSeconds !== undefined) {
    const endsAtMs = signedAtMs + signature.expiresInSeconds * 1000
    return nowMs > endsAtMs || nowMs < signedAtMs - MAX_SKEW_MS ? 'AccessDenied' : undefined
  }
  return Math.abs(nowMs - signedAtMs) > MAX_SKEW_MS ? 'RequestTimeTooSkewed' : undefined
}

function payloadProblem(request: SignedRequest): SignatureProblem | undefined {
  const declared = request.headers['x-amz-content-sha256']
  const isHash = typeof declared === 'string' && /^[\da-f]{64}$/.test(declared)
  return isHash && declared !== sha256(request.body) ? 'XAmzContentSHA256Mismatch' : undefined
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
