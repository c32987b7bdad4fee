/**
 * Schedules in EventBridge Scheduler, without its SDK: three operations, each a signed request with a small document.
 *
 * Each schedule is in the deployment's own group and calls one function, with a role that may do nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, EpochMs } from '../../clock.ts'
import type { AwsEnvironment } from '../../config.ts'
import { ServiceError } from '../../errors.ts'
import type { FetchedDocument } from '../../http/fetch-document.ts'
import { amzDate, authorizationOf } from '../../secrets/signature.ts'
import type { DocumentFetcher } from '../../tokens/remote-document.ts'
import type { Schedule, ScheduleStore } from '../schedule-store.ts'
import type { ScheduleSettings } from './settings.ts'

// With it, so that one file is loaded later and not two.
export { readScheduleSettings } from './settings.ts'

export interface ScheduleStoreDeps {
  readonly aws: AwsEnvironment
  readonly target: ScheduleSettings
  readonly fetch: DocumentFetcher
  readonly now: Clock
}

const ATTEMPTS = 3
/** Before the second attempt, and before the third. */
const PAUSES_MS = [40, 160]
const TIMEOUT_MS = 3_000
const MAX_BYTES = 64 * 1024
/** Of what somebody called a trigger; the service keeps 512 characters. */
const MAX_DESCRIPTION = 500
/** A call that could not be made for a day is not worth making. */
const RETRY_POLICY = { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 }

interface Operation {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** As it is signed and sent: encoded, in order of the names. */
  readonly query: string
  readonly body: string
}

/** Makes the store. Three attempts of three seconds are made at each operation, which all can be repeated. */
export function createScheduleStore(deps: ScheduleStoreDeps): ScheduleStore {
  const { groupName } = deps.target
  const send = (operation: Operation) => sendOperation(deps, operation)
  return {
    async put(schedule) {
      const path = pathOf(schedule.name)
      const body = documentOf(schedule, deps.target)
      const replaced = await send({ method: 'PUT', path, query: '', body })
      if (replaced.status === 404) return put(deps, { path, body })
      assertDone(replaced)
    },
    async remove(name) {
      const query = `groupName=${encodeURIComponent(groupName)}`
      const answer = await send({ method: 'DELETE', path: pathOf(name), query, body: '' })
      if (answer.status !== 404) assertDone(answer)
    },
  }
}

/** Makes a schedule that was not there; if somebody made it meanwhile, it is replaced after all. */
async function put(deps: ScheduleStoreDeps, { path, body }: { path: string; body: string }): Promise<void> {
  const made = await sendOperation(deps, { method: 'POST', path, query: '', body })
  if (made.status !== 409) return assertDone(made)
  assertDone(await sendOperation(deps, { method: 'PUT', path, query: '', body }))
}

/** Names are of unreserved characters only, which no encoding changes. */
function pathOf(name: string): string {
  return `/schedules/${name}`
}

function documentOf(schedule: Schedule, { groupName, functionArn, roleArn }: ScheduleSettings): string {
  const { description, expression, timeZone, startsAtMs, input } = schedule
  return JSON.stringify({
    GroupName: groupName,
    Description: description.slice(0, MAX_DESCRIPTION),
    ScheduleExpression: expression,
    ScheduleExpressionTimezone: timeZone,
    ...(startsAtMs === undefined ? {} : { StartDate: wholeSeconds(startsAtMs) }),
    FlexibleTimeWindow: { Mode: 'OFF' },
    State: 'ENABLED',
    Target: { Arn: functionArn, RoleArn: roleArn, Input: input, RetryPolicy: RETRY_POLICY },
  })
}

function wholeSeconds(ms: EpochMs): number {
  return Math.ceil(ms / 1000)
}

async function sendOperation(deps: ScheduleStoreDeps, operation: Operation): Promise<FetchedDocument> {
  let failure: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await sleep(PAUSES_MS[attempt - 1])
    try {
      const answer = await deps.fetch(...requestFor(operation, deps))
      // What AWS refuses now it will refuse again, unless somebody else is changing the same schedule.
      const isConflict = answer.status === 409 && operation.method !== 'POST'
      if (answer.status < 500 && answer.status !== 429 && !isConflict) return answer
      failure = new TypeError(`EventBridge Scheduler answered ${answer.status}`)
    } catch (error) {
      failure = error
    }
  }
  throw new ServiceError('scheduler_unavailable', { cause: failure })
}

function requestFor(operation: Operation, { aws, now }: ScheduleStoreDeps) {
  const { method, path, query, body } = operation
  const { region, credentials } = aws
  const url = new URL(path + (query === '' ? '' : `?${query}`), endpointOf(aws))
  const signed = {
    ...(body === '' ? {} : { 'content-type': 'application/json' }),
    host: url.host,
    'x-amz-date': amzDate(now()),
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  }
  const call = { credentials, region, service: 'scheduler', headers: signed, body, method, path, query }
  const headers = { ...signed, authorization: authorizationOf(call) }
  const sent = { method, headers, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES }
  return [url.href, body === '' ? sent : { ...sent, body }] as const
}

function endpointOf({ region, schedulerUrl }: AwsEnvironment): string {
  const suffix = region.startsWith('cn-') ? '.cn' : ''
  return schedulerUrl ?? `https://scheduler.${region}.amazonaws.com${suffix}/`
}

function assertDone({ status }: FetchedDocument): void {
  if (status >= 200 && status < 300) return
  const cause = new TypeError(`EventBridge Scheduler answered ${status}`)
  if (status !== 400) throw new ServiceError('scheduler_unavailable', { cause })
  throw new ServiceError('request_invalid', { message: 'The scheduler does not take this schedule.', cause })
}
