import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import { createScheduleStore } from '../../../functions/shared/stores/scheduler/schedule-store.ts'
import { type Access, ownerOnly } from '../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { type InvokeTarget, type LocalScheduler, startScheduler } from '../../../local/aws/scheduler.ts'

const REGION = 'eu-west-1'
const GROUP = 'flyte-triggers'
const TARGET = {
  groupName: GROUP,
  functionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:runs:live',
  roleArn: 'arn:aws:iam::123456789012:role/scheduler',
}

const open: LocalScheduler[] = []
afterEach(async () => {
  for (const scheduler of open.splice(0)) await scheduler.close()
})

async function start(changes: Partial<Parameters<typeof startScheduler>[0]> = {}): Promise<LocalScheduler> {
  const scheduler = await startScheduler({
    groups: [GROUP],
    region: REGION,
    access: ownerOnly,
    file: null,
    retryDelaysMs: [5, 5],
    ...changes,
  })
  open.push(scheduler)
  return scheduler
}

const storeOf = ({ endpoint }: LocalScheduler, target = TARGET) =>
  createScheduleStore({
    aws: {
      region: REGION,
      credentials: { ...LOCAL_CREDENTIALS, sessionToken: undefined },
      ...{ secretsManagerUrl: undefined, kmsUrl: undefined, logsUrl: undefined, schedulerUrl: endpoint },
    },
    target,
    fetch: fetchDocument,
    now: Date.now,
  })

/** A schedule that is due at once, and then not for a day. */
const dueNow = (changes: object = {}) => ({
  name: 'soon',
  description: '',
  expression: 'rate(1 day)',
  timeZone: 'UTC',
  startsAtMs: Date.now(),
  input: '{"at":"<aws.scheduler.scheduled-time>"}',
  ...changes,
})

/** Takes calls, and waits for so many of them. */
function calls(answer: (count: number) => boolean = () => true) {
  const seen: Parameters<InvokeTarget>[0][] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const invoke: InvokeTarget = async (call) => {
    seen.push(call)
    for (const one of waiting) if (seen.length >= one.count) one.resolve()
    return answer(seen.length)
  }
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      waiting.push({ count, resolve })
      if (seen.length >= count) resolve()
    })
  return { seen, invoke, until }
}

describe('the scheduler', () => {
  it('calls the function of a schedule with its role, and tells it the time that it was due', async () => {
    const scheduler = await start()
    const { seen, invoke, until } = calls()
    scheduler.start(invoke)
    const schedule = dueNow()
    await storeOf(scheduler).put(schedule)
    await until(1)
    const { functionArn, roleArn } = TARGET
    const dueSeconds = Math.ceil(schedule.startsAtMs / 1000)
    const at = new Date(dueSeconds * 1000).toISOString().replace('.000Z', 'Z')
    expect(seen).toEqual([{ functionArn, roleArn, event: { at } }])
  })

  it('calls again, twice, what failed', async () => {
    const scheduler = await start()
    const { seen, invoke, until } = calls((count) => count === 3)
    scheduler.start(invoke)
    await storeOf(scheduler).put(dueNow())
    await until(3)
    expect(new Set(seen.map(({ event }) => JSON.stringify(event))).size).toBe(1)
  })

  it('calls nothing before it is started, and nothing that was removed', async () => {
    const scheduler = await start()
    const { seen, invoke, until } = calls()
    await storeOf(scheduler).put(dueNow({ name: 'gone' }))
    await storeOf(scheduler).remove('gone')
    await storeOf(scheduler).put(dueNow({ name: 'kept', startsAtMs: Date.now() + 1_000 }))
    expect(seen).toEqual([])
    scheduler.start(invoke)
    await until(1)
    expect(seen).toHaveLength(1)
  })

  it('keeps schedules over a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flyte-schedules-'))
    const file = join(directory, 'schedules.json')
    const first = await start({ file })
    await storeOf(first).put(dueNow({ startsAtMs: Date.now() + 1_000 }))
    await first.close()
    const second = await start({ file })
    const { invoke, until } = calls()
    second.start(invoke)
    await until(1)
    expect(second.schedules()).toHaveLength(1)
    await rm(directory, { recursive: true })
  })

  it('has no schedule in a group that the template does not make', async () => {
    const store = storeOf(await start(), { ...TARGET, groupName: 'others' })
    await expect(store.put(dueNow())).rejects.toMatchObject({ reason: 'scheduler_unavailable' })
  })

  it('asks what a caller may do with the schedule, and whether it may hand the role on', async () => {
    const asked: string[] = []
    const access = (refused: RegExp): Access => ({
      callerOf: () => ({
        secretAccessKey: LOCAL_CREDENTIALS.secretAccessKey,
        refusal(action, resource) {
          asked.push(`${action} ${resource}`)
          if (!refused.test(action)) return undefined
          return { action, resource, principal: 'somebody', because: 'implicit' }
        },
      }),
    })
    const denied = { reason: 'scheduler_unavailable' }
    await storeOf(await start({ access: access(/^$/) })).put(dueNow())
    const arn = `arn:aws:scheduler:eu-west-1:123456789012:schedule/${GROUP}/soon`
    expect(asked).toEqual([
      `scheduler:UpdateSchedule ${arn}`,
      `scheduler:CreateSchedule ${arn}`,
      `iam:PassRole ${TARGET.roleArn}`,
    ])
    for (const refused of [/CreateSchedule/, /UpdateSchedule/, /PassRole/]) {
      await expect(storeOf(await start({ access: access(refused) })).put(dueNow())).rejects.toMatchObject(
        denied,
      )
    }
    const remove = storeOf(await start({ access: access(/DeleteSchedule/) })).remove('soon')
    await expect(remove).rejects.toMatchObject(denied)
  })

  it('refuses what is not signed, or not by somebody it knows', async () => {
    const { endpoint } = await start()
    const answer = await fetch(`${endpoint}/schedules/x`, { method: 'DELETE' })
    expect(answer.status).toBe(403)
    const nobody: Access = { callerOf: () => undefined }
    const store = storeOf(await start({ access: nobody }))
    await expect(store.remove('soon')).rejects.toMatchObject({ reason: 'scheduler_unavailable' })
  })
})
