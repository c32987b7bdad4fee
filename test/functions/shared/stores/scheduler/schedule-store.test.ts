import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchDocument } from '../../../../../functions/shared/http/fetch-document.ts'
import type { Schedule } from '../../../../../functions/shared/stores/schedule-store.ts'
import { lazyScheduleStore } from '../../../../../functions/shared/stores/schedule-store.ts'
import { createScheduleStore } from '../../../../../functions/shared/stores/scheduler/schedule-store.ts'
import { readScheduleSettings } from '../../../../../functions/shared/stores/scheduler/settings.ts'
import type { DocumentFetcher } from '../../../../../functions/shared/tokens/remote-document.ts'
import { type LocalServices, SCHEDULES, startLocalServices } from '../../../../support/local-services.ts'

let services: LocalServices
beforeAll(async () => {
  services = await startLocalServices()
})
afterAll(() => services.close())

const storeWith = (fetch: DocumentFetcher, aws = services.aws) =>
  createScheduleStore({ aws, target: SCHEDULES, fetch, now: Date.now })
const answering = (...statuses: number[]) => {
  const asked: { url: string; method: string | undefined; headers: Readonly<Record<string, string>> }[] = []
  const fetch: DocumentFetcher = async (url, { method, headers = {} } = {}) => {
    asked.push({ url, method, headers })
    const status = statuses.shift() ?? 500
    if (status === 0) throw new TypeError('no answer')
    return { status, headers: {}, body: new Uint8Array() }
  }
  return { asked, fetch }
}
const schedule: Schedule = {
  name: 'a-name_1.x',
  description: 'somebody calls it this',
  expression: 'rate(5 minutes)',
  timeZone: 'UTC',
  startsAtMs: 1_900_000_000_001,
  input: '{"at":"<aws.scheduler.scheduled-time>"}',
}
const kept = () => services.scheduler.schedules()

describe('a schedule', () => {
  it('is made, replaced and removed, each time with a signature that verifies', async () => {
    const store = storeWith(fetchDocument)
    await store.put(schedule)
    expect(kept()).toEqual([
      {
        GroupName: 'flyte-triggers',
        Description: 'somebody calls it this',
        ScheduleExpression: 'rate(5 minutes)',
        ScheduleExpressionTimezone: 'UTC',
        StartDate: 1_900_000_001,
        FlexibleTimeWindow: { Mode: 'OFF' },
        State: 'ENABLED',
        Target: {
          Arn: SCHEDULES.functionArn,
          RoleArn: SCHEDULES.roleArn,
          Input: schedule.input,
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        },
      },
    ])
    await store.put({ ...schedule, expression: 'cron(0 6 * * ? *)', startsAtMs: undefined })
    expect(kept()).toMatchObject([{ ScheduleExpression: 'cron(0 6 * * ? *)' }])
    expect(kept()[0]).not.toHaveProperty('StartDate')
    await store.remove(schedule.name)
    await store.remove(schedule.name)
    expect(kept()).toEqual([])
  })

  it('is put by many at once', async () => {
    const store = storeWith(fetchDocument)
    await Promise.all(Array.from({ length: 8 }, () => store.put(schedule)))
    expect(kept()).toHaveLength(1)
    await store.remove(schedule.name)
  })

  it('has a description of no more than the service keeps', async () => {
    const store = storeWith(fetchDocument)
    await store.put({ ...schedule, description: 'x'.repeat(600) })
    expect((kept()[0] as { Description?: string }).Description).toHaveLength(500)
    await store.remove(schedule.name)
  })

  it('is refused as a mistake of whoever wrote its expression', async () => {
    const put = storeWith(fetchDocument).put({ ...schedule, expression: 'rate(nothing)' })
    await expect(put).rejects.toMatchObject({ reason: 'request_invalid' })
  })
})

describe('the scheduler', () => {
  const rows: [string, number[], number, string | undefined][] = [
    ['asked again after it failed', [500, 0, 200], 3, undefined],
    ['asked again when it is busy', [429, 200], 2, undefined],
    ['asked again while somebody else changes the same schedule', [409, 200], 2, undefined],
    ['given up after three attempts', [500, 503, 0], 3, 'scheduler_unavailable'],
    ['not asked again what it refused', [403], 1, 'scheduler_unavailable'],
    ['not asked again for an expression that it does not know', [400], 1, 'request_invalid'],
    ['asked to make what it has not', [404, 200], 2, undefined],
    ['asked to replace what somebody made meanwhile', [404, 409, 200], 3, undefined],
  ]
  for (const [title, statuses, calls, reason] of rows) {
    it(`is ${title}`, async () => {
      const { asked, fetch } = answering(...statuses)
      const put = storeWith(fetch).put(schedule)
      if (reason === undefined) await put
      else await expect(put).rejects.toMatchObject({ reason })
      expect(asked).toHaveLength(calls)
    })
  }

  it('is the one of the region, with the session token of the function', async () => {
    const { asked, fetch } = answering(200, 200)
    const credentials = { accessKeyId: 'ASIA', secretAccessKey: 'secret', sessionToken: 'token' }
    const aws = { ...services.aws, credentials, schedulerUrl: undefined }
    await storeWith(fetch, aws).put(schedule)
    await storeWith(fetch, { ...aws, region: 'cn-north-1' }).remove(schedule.name)
    expect(asked[0]).toMatchObject({
      url: 'https://scheduler.eu-west-1.amazonaws.com/schedules/a-name_1.x',
      method: 'PUT',
      headers: { 'x-amz-security-token': 'token', host: 'scheduler.eu-west-1.amazonaws.com' },
    })
    expect(asked[0]?.headers.authorization).toMatch(
      /\/eu-west-1\/scheduler\/aws4_request, SignedHeaders=content-type;/,
    )
    expect(asked[1]).toMatchObject({
      url: 'https://scheduler.cn-north-1.amazonaws.com.cn/schedules/a-name_1.x?groupName=flyte-triggers',
      method: 'DELETE',
    })
  })
})

describe('where schedules are', () => {
  it('is read from the environment', () => {
    expect(readScheduleSettings(JSON.stringify(SCHEDULES))).toEqual(SCHEDULES)
  })

  it('stops what needs it, with every problem, where it is missing', () => {
    expect(() => readScheduleSettings(undefined)).toThrow('TRIGGER_SCHEDULES')
    expect(() => readScheduleSettings('{"groupName":""}')).toThrow(
      /groupName[\s\S]*functionArn[\s\S]*roleArn/,
    )
  })

  it('is looked up at the first use, and again if that failed', async () => {
    let loads = 0
    const store = lazyScheduleStore(async () => {
      loads += 1
      if (loads === 1) throw new TypeError('not yet')
      return { put: async () => {}, remove: async () => {} }
    })
    await expect(store.put(schedule)).rejects.toThrow('not yet')
    await store.put(schedule)
    await store.remove(schedule.name)
    expect(loads).toBe(2)
  })
})
