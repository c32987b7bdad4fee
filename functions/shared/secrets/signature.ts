/** AWS Signature Version 4, as far as the services need it that are called without their SDK; S3 is none of them. */
import { createHash, createHmac } from 'node:crypto'
import type { AwsCredentials } from '../config.ts'

export interface SignedCall {
  readonly credentials: AwsCredentials
  readonly region: string
  readonly service: string
  /** Every header that is signed, its name in lower case; `host` and `x-amz-date` have to be among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Default `POST`. */
  readonly method?: string
  /** Default `/`. Of unreserved characters and slashes only: nothing is encoded here. */
  readonly path?: string
  /** As it is sent: encoded, in order of the names. Default none. */
  readonly query?: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/** The time of a request as AWS writes it: `20261123T011500Z`. */
export function amzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

/** The value of the `authorization` header. */
export function authorizationOf(call: SignedCall): string {
  const { credentials, region, service, headers, body, method = 'POST', path = '/', query = '' } = call
  const date = headers['x-amz-date'] ?? ''
  const names = Object.keys(headers).toSorted()
  const signedHeaders = names.join(';')
  const canonical = [
    method,
    path,
    query,
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n')
  const scope = [date.slice(0, 8), region, service, 'aws4_request']
  const toSign = [ALGORITHM, date, scope.join('/'), sha256(canonical)].join('\n')
  const key = scope.reduce<Buffer | string>(hmac, `AWS4${credentials.secretAccessKey}`)
  const signature = hmac(key, toSign).toString('hex')
  const credential = `${credentials.accessKeyId}/${scope.join('/')}`
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
