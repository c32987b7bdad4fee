/**
 * Operations of AWS services that speak JSON 1.1, without their SDK: each is a signed POST.
 *
 * A call that AWS was too busy for, or failed at itself, is made again; what AWS refuses now it will refuse again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { AwsEnvironment } from '../config.ts'
import type { FetchedDocument } from '../http/fetch-document.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import { type DocumentFetcher, parseJsonObject } from '../tokens/remote-document.ts'
import { amzDate, authorizationOf } from './signature.ts'

export interface LightCallDeps {
  readonly aws: AwsEnvironment
  readonly fetch: DocumentFetcher
  readonly now: Clock
}

/** The services that are called in this way, by the name in their endpoints and signatures. */
export type LightService = 'secretsmanager' | 'kms' | 'logs'

export interface LightOperation<T> {
  readonly service: LightService
  /** As in `x-amz-target`. */
  readonly target: `${string}.${string}`
  readonly input: Readonly<Record<string, unknown>>
  /** The largest answer that is read. Default 128 KB: Secrets Manager keeps up to 64 KB. */
  readonly maxBytes?: number
  /** Takes what is needed out of the answer; throws if it is not there. */
  readonly output: (answer: JwtObject) => T
}

/** AWS refused a call. `type` is the name of the refusal, for example `AccessDeniedException`. */
export class AwsRefusal extends Error {
  override readonly name = 'AwsRefusal'
  constructor(
    readonly service: LightService,
    readonly type: string,
  ) {
    super(`${service} refused: ${type}`)
  }
}

/**
 * Carries an operation out: three attempts of three seconds. Only for operations that may be carried out twice.
 *
 * @throws {AwsRefusal} for a refusal; otherwise whatever the last attempt failed with. A service that is too busy has
 *   refused nothing: it is as if it had not answered.
 */
export type LightCall = <T>(operation: LightOperation<T>) => Promise<T>

const ATTEMPTS = 3
/** Before the second attempt, and before the third. */
const PAUSES_MS = [40, 160]
const TIMEOUT_MS = 3_000
const MAX_BYTES = 128 * 1024
const BUSY = /^(?:Throttling\w*|TooManyRequests\w*|RequestLimitExceeded|LimitExceeded\w*)$/

/** Makes the caller. */
export function createLightCall(deps: LightCallDeps): LightCall {
  return async ({ output, ...operation }) => {
    let failure: unknown
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (attempt > 0) await sleep(PAUSES_MS[attempt - 1])
      try {
        const answer = await deps.fetch(endpointOf(operation.service, deps.aws), requestFor(operation, deps))
        return output(answerIn(operation.service, answer))
      } catch (error) {
        if (error instanceof AwsRefusal) throw error
        failure = error
      }
    }
    throw failure
  }
}

function requestFor(
  { service, target, input, maxBytes = MAX_BYTES }: Omit<LightOperation<unknown>, 'output'>,
  { aws, now }: LightCallDeps,
) {
  const { region, credentials } = aws
  const body = JSON.stringify(input)
  const { sessionToken } = credentials
  const signed = {
    'content-type': 'application/x-amz-json-1.1',
    host: new URL(endpointOf(service, aws)).host,
    'x-amz-date': amzDate(now()),
    'x-amz-target': target,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const authorization = authorizationOf({ credentials, region, service, headers: signed, body })
  const headers = { ...signed, authorization }
  const limits = { timeoutMs: TIMEOUT_MS, maxBytes }
  return { method: 'POST', isRepeatable: true, headers, body, ...limits } as const
}

function endpointOf(service: LightService, aws: AwsEnvironment): string {
  const { region, secretsManagerUrl: secretsmanager, kmsUrl: kms, logsUrl: logs } = aws
  const given = { secretsmanager, kms, logs }[service]
  const suffix = region.startsWith('cn-') ? '.cn' : ''
  return given ?? `https://${service}.${region}.amazonaws.com${suffix}/`
}

function answerIn(service: LightService, { status, body }: FetchedDocument): JwtObject {
  if (status === 200) return parseJsonObject(body)
  if (status >= 500 || status === 429) throw new TypeError(`${service} answered ${status}`)
  const type = refusalType(body)
  throw BUSY.test(type) ? new TypeError(`${service} is busy: ${type}`) : new AwsRefusal(service, type)
}

/** The name of a refusal, without the namespace that some services put before it. */
function refusalType(body: Uint8Array): string {
  try {
    return /\w{1,64}$/.exec(String(parseJsonObject(body).__type))?.[0] ?? 'unnamed'
  } catch {
    return 'unnamed'
  }
}
