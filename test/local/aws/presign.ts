import { createHash, createHmac } from 'node:crypto'
import { type Credentials, LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** A presigned URL after the published algorithm, written apart from the code that verifies it. */
export function presign(options: {
  endpoint: string
  method: string
  path: string
  headers: Record<string, string>
  expiresInSeconds: number
  signedAtMs?: number
  /** Default the owner's. */
  credentials?: Credentials
}): string {
  const { endpoint, method, path, expiresInSeconds, signedAtMs = Date.now() } = options
  const { accessKeyId, secretAccessKey, sessionToken }: Credentials = options.credentials ?? LOCAL_CREDENTIALS
  const timestamp = new Date(signedAtMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${timestamp.slice(0, 8)}/eu-west-1/s3/aws4_request`
  const headers = Object.entries({ host: new URL(endpoint).host, ...options.headers }).toSorted()
  const names = headers.map(([name]) => name).join(';')
  const query = Object.entries({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': timestamp,
    'X-Amz-Expires': String(expiresInSeconds),
    'X-Amz-SignedHeaders': names,
    ...(sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken }),
  })
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .toSorted()
    .join('&')
  const lines = headers.map(([name, value]) => `${name}:${value}\n`).join('')
  const canonical = [method, path, query, lines, names, 'UNSIGNED-PAYLOAD'].join('\n')
  const digest = createHash('sha256').update(canonical).digest('hex')
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  const signature = hmac(key as Buffer, ['AWS4-HMAC-SHA256', timestamp, scope, digest].join('\n')).toString(
    'hex',
  )
  return `${endpoint}${path}?${query}&X-Amz-Signature=${signature}`
}
