/**
 * Secrets out of AWS Secrets Manager, without its SDK.
 *
 * Signing in needs a secret at its very first request, and nothing else of AWS: the SDK would be more than half of
 * that cold start. One operation of one service is a signed POST.
 */
import type { Clock } from '../clock.ts'
import type { AwsEnvironment } from '../config.ts'
import { ServiceError } from '../errors.ts'
import type { FetchedDocument } from '../http/fetch-document.ts'
import type { SecretReader } from '../secret-reader.ts'
import type { DocumentFetcher } from '../tokens/remote-document.ts'
import { parseJsonObject } from '../tokens/remote-document.ts'
import { keepSecrets } from './kept-secrets.ts'
import { amzDate, authorizationOf } from './signature.ts'

export interface LightReaderDeps {
  readonly aws: AwsEnvironment
  readonly fetch: DocumentFetcher
  readonly now: Clock
}

const ATTEMPTS = 3
const TIMEOUT_MS = 3_000
/** Secrets Manager keeps up to 64 KB. */
const MAX_BYTES = 128 * 1024

/** Makes the reader. Each value is kept for a few minutes; three attempts of three seconds are made to read it. */
export function createLightSecretReader({ aws, fetch, now }: LightReaderDeps): SecretReader {
  async function read(name: string): Promise<string> {
    let failure: unknown
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        const answer = await fetch(endpointOf(aws), requestFor(name, aws, now()))
        if (answer.status === 200) return secretIn(answer)
        failure = new TypeError(`Secrets Manager answered ${answer.status}`)
        // What AWS refuses now it will refuse again.
        if (answer.status < 500 && answer.status !== 429) break
      } catch (error) {
        failure = error
      }
    }
    throw new ServiceError('secret_unavailable', { cause: failure })
  }
  return keepSecrets(read, now)
}

function requestFor(name: string, { region, credentials, ...aws }: AwsEnvironment, nowMs: number) {
  const body = JSON.stringify({ SecretId: name })
  const { sessionToken } = credentials
  const signed = {
    'content-type': 'application/x-amz-json-1.1',
    host: new URL(endpointOf({ region, credentials, ...aws })).host,
    'x-amz-date': amzDate(nowMs),
    'x-amz-target': 'secretsmanager.GetSecretValue',
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const authorization = authorizationOf({
    credentials,
    region,
    service: 'secretsmanager',
    headers: signed,
    body,
  })
  const headers = { ...signed, authorization }
  return { method: 'POST', headers, body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES } as const
}

function endpointOf({ region, secretsManagerUrl }: AwsEnvironment): string {
  const suffix = region.startsWith('cn-') ? '.cn' : ''
  return secretsManagerUrl ?? `https://secretsmanager.${region}.amazonaws.com${suffix}/`
}

function secretIn({ body }: FetchedDocument): string {
  const { SecretString: text } = parseJsonObject(body)
  if (typeof text !== 'string' || text === '') throw new TypeError('the secret is not a text')
  return text
}
