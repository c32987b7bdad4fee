/**
 * EventBridge Scheduler for the local stack: schedules are made, read, replaced and deleted, and call functions when
 * they are due.
 *
 * A call is made with the role of the schedule, and only if that may invoke the function; a function that fails is
 * called twice more, as Lambda does with events that nobody waits for. Not here: lists, one-time schedules, flexible
 * windows, dead-letter queues, other targets than functions. Groups are those of the template.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { readOrMakeJson, writePrivately } from '../data-directory.ts'
import { readBody } from '../http.ts'
import { closeServer, LOOPBACK, listen } from '../listening.ts'
import { scheduleArn } from '../resource-names.ts'
import { type Access, type Caller, type Refusal, refusalMessage } from './access.ts'
import { createScheduleClock } from './schedule-clock.ts'
import { recurrenceOf } from './schedule-expression.ts'
import { verifySignature } from './sigv4.ts'

/** A schedule as the service takes it, as far as it is used here. */
export interface ScheduleDocument {
  readonly GroupName?: string
  readonly ScheduleExpression: string
  readonly ScheduleExpressionTimezone?: string
  /** In seconds since the epoch. */
  readonly StartDate?: number
  readonly State?: 'ENABLED' | 'DISABLED'
  readonly FlexibleTimeWindow: { readonly Mode: string }
  readonly Target: { readonly Arn: string; readonly RoleArn: string; readonly Input?: string }
}

/** Calls a function with an event; false if it failed. */
export type InvokeTarget = (call: {
  readonly functionArn: string
  readonly roleArn: string
  readonly event: unknown
}) => Promise<boolean>

export interface LocalScheduler {
  readonly endpoint: string
  /** The schedules that there are. */
  readonly schedules: () => readonly ScheduleDocument[]
  /** Begins to call what is due. Before that, schedules are kept and call nothing. */
  start(invoke: InvokeTarget): void
  close(): Promise<void>
}

export interface SchedulerOptions {
  /** The schedule groups that exist, beside `default`. */
  readonly groups: readonly string[]
  readonly region: string
  readonly access: Access
  /** Where the schedules are kept; null keeps them in memory. */
  readonly file: string | null
  readonly now?: () => number
  /** How long after a call that failed the next one is made, each in turn. */
  readonly retryDelaysMs?: readonly number[]
}

/** As Lambda waits between the attempts at an event. */
const RETRY_DELAYS_MS = [60_000, 120_000]

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Starts the double on a free port. */
export async function startScheduler(options: SchedulerOptions): Promise<LocalScheduler> {
  const { file, now = Date.now, retryDelaysMs = RETRY_DELAYS_MS } = options
  const kept = await readOrMakeJson<Record<string, ScheduleDocument>>(file, async () => ({}))
  const schedules = new Map(Object.entries(kept))
  const clock = createScheduleClock(now)
  const closing = new AbortController()
  let invoke: InvokeTarget | undefined

  const callTarget = async ({ Target }: ScheduleDocument, scheduledMs: number): Promise<void> => {
    const event = eventOf(Target.Input, scheduledMs)
    for (const delayMs of [...retryDelaysMs, undefined]) {
      const done = await invoke?.({ functionArn: Target.Arn, roleArn: Target.RoleArn, event })
      if (done !== false || delayMs === undefined) return
      await sleep(delayMs, undefined, { signal: closing.signal })
    }
  }
  const wind = (key: string): void => {
    const schedule = schedules.get(key)
    const recurrence = schedule && recurrenceOfSchedule(schedule, now())
    if (schedule === undefined || recurrence === undefined || schedule.State === 'DISABLED') clock.delete(key)
    else if (invoke) clock.set(key, { recurrence, call: (scheduledMs) => callTarget(schedule, scheduledMs) })
  }
  const store: Store = {
    find: (key) => schedules.get(key),
    async write(key, document) {
      if (document === undefined) schedules.delete(key)
      else schedules.set(key, document)
      if (file !== null) await writePrivately(file, JSON.stringify(Object.fromEntries(schedules), null, 2))
      wind(key)
    },
  }
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request, { ...options, store, now }).catch(() =>
      refused(500, 'InternalServerException'),
    )
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const port = await listen(server, { port: 0 })
  return {
    endpoint: `http://${LOOPBACK}:${port}`,
    schedules: () => [...schedules.values()],
    start(target) {
      invoke = target
      for (const key of schedules.keys()) wind(key)
    },
    close: async () => {
      clock.close()
      closing.abort()
      await closeServer(server)
    },
  }
}

interface Store {
  readonly find: (key: string) => ScheduleDocument | undefined
  /** Undefined deletes it. */
  readonly write: (key: string, document: ScheduleDocument | undefined) => Promise<void>
}

interface Surroundings extends SchedulerOptions {
  readonly store: Store
  readonly now: () => number
}

const ACTIONS: Readonly<Record<string, string>> = {
  GET: 'scheduler:GetSchedule',
  POST: 'scheduler:CreateSchedule',
  PUT: 'scheduler:UpdateSchedule',
  DELETE: 'scheduler:DeleteSchedule',
}

async function answer(request: IncomingMessage, surroundings: Surroundings): Promise<Answer> {
  const { access, now, region, groups } = surroundings
  const { method = '', url: target = '', headers } = request
  const body = await readBody(request)
  const signed = { method, target, headers, body }
  const verified = verifySignature({ request: signed, signerOf: access.callerOf, nowMs: now() })
  if ('problem' in verified) return refused(403, verified.problem)
  const { pathname, searchParams } = new URL(target, 'http://scheduler')
  const name = /^\/schedules\/([\w.-]{1,64})$/.exec(pathname)?.[1]
  const action = ACTIONS[method]
  if (name === undefined || action === undefined) return refused(400, 'ValidationException')
  const document = documentIn(body)
  const group = document?.GroupName ?? searchParams.get('groupName') ?? 'default'
  const refusal = verified.signer.refusal(action, scheduleArn(region, group, name))
  if (refusal !== undefined) return denied(refusal)
  if (group !== 'default' && !groups.includes(group)) return refused(404, 'ResourceNotFoundException')
  const key = `${group}/${name}`
  if (method === 'POST' || method === 'PUT') {
    return put(surroundings, { isNew: method === 'POST', key, document, caller: verified.signer })
  }
  return readOrDelete(surroundings, { method, key, group, name })
}

async function readOrDelete(
  { store }: Surroundings,
  { method, key, group, name }: { method: string; key: string; group: string; name: string },
): Promise<Answer> {
  const existing = store.find(key)
  if (existing === undefined) return refused(404, 'ResourceNotFoundException')
  if (method === 'GET') return { status: 200, body: { ...existing, Name: name, GroupName: group } }
  await store.write(key, undefined)
  return { status: 200, body: {} }
}

async function put(
  { store, region, now }: Surroundings,
  request: { isNew: boolean; key: string; document: ScheduleDocument | undefined; caller: Caller },
): Promise<Answer> {
  const { isNew, key, document, caller } = request
  const existing = store.find(key)
  if (isNew && existing) return refused(409, 'ConflictException')
  if (!isNew && !existing) return refused(404, 'ResourceNotFoundException')
  if (document === undefined || !isComplete(document, now())) return refused(400, 'ValidationException')
  // Whoever makes a schedule hands its role on.
  const refusal = caller.refusal('iam:PassRole', document.Target.RoleArn)
  if (refusal !== undefined) return denied(refusal)
  await store.write(key, document)
  const [group = '', name = ''] = key.split('/')
  return { status: 200, body: { ScheduleArn: scheduleArn(region, group, name) } }
}

function isComplete(document: ScheduleDocument, nowMs: number): boolean {
  const { Target, FlexibleTimeWindow: window, ScheduleExpression: expression } = document
  return (
    typeof expression === 'string' &&
    typeof Target?.Arn === 'string' &&
    typeof Target.RoleArn === 'string' &&
    window?.Mode === 'OFF' &&
    recurrenceOfSchedule(document, nowMs) !== undefined
  )
}

/** Without a start, a rate begins with the schedule. */
function recurrenceOfSchedule(document: ScheduleDocument, nowMs: number) {
  const { ScheduleExpression: expression, ScheduleExpressionTimezone: timeZone = 'UTC', StartDate } = document
  return recurrenceOf({ expression, timeZone, startMs: StartDate === undefined ? nowMs : StartDate * 1000 })
}

/** The input with what the service fills in, as the JSON that it has to be. */
function eventOf(input = '{}', scheduledMs: number): unknown {
  const time = new Date(scheduledMs).toISOString().replace(/\.\d+Z$/, 'Z')
  return JSON.parse(input.replaceAll('<aws.scheduler.scheduled-time>', time))
}

function documentIn(body: Buffer): ScheduleDocument | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? (parsed as ScheduleDocument) : undefined
  } catch {
    return undefined
  }
}

function denied(refusal: Refusal): Answer {
  return refused(403, 'AccessDeniedException', refusalMessage(refusal))
}

function refused(status: number, type: string, message = type): Answer {
  return { status, body: { __type: type, Message: message } }
}
