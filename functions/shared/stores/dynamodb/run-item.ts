/**
 * A run as an item of the Runs table, and back.
 *
 * `pk` is `RUN#project#domain#name`, `sk` is `ACTION#name`. The root action also carries the keys of the three
 * indexes, and that of byTrigger if a trigger made the run. Actions inside a run carry those of byProject only, in a partition of their run's own, so that a list
 * of runs has none of them and the actions of a run are listed in order of time.
 */
import { hash } from 'node:crypto'
import type { EpochMs } from '../../clock.ts'
import {
  type ActionPlace,
  type Labels,
  ROOT_ACTION,
  type RunKey,
  type RunSummary,
  type StoredRun,
} from '../run-store.ts'
import { bytes, bytesOf, type Item, number, numberOf, presentOnly, text, textOf } from './attributes.ts'
import { joinKey, splitKey } from './keys.ts'

export type RunIndex = 'byProject' | 'byOwner' | 'byTask' | 'byTrigger'

/** The attribute that each index is partitioned by. All are ordered by `createdAtKey`. */
export const INDEX_KEYS: Readonly<Record<RunIndex, string>> = {
  byProject: 'projectKey',
  byOwner: 'ownerKey',
  byTask: 'taskKey',
  byTrigger: 'triggerKey',
}

/** The primary key of an action. */
export function actionKey(key: RunKey, action: string): Item {
  return {
    pk: text(joinKey('RUN', key.project, key.domain, key.name)),
    sk: text(joinKey('ACTION', action)),
  }
}

export function projectKey(project: string, domain: string): string {
  return joinKey(project, domain)
}

/** The partition of the actions inside a run. It has one part more than that of any project. */
export function runKey({ project, domain, name }: RunKey): string {
  return joinKey(project, domain, name)
}

/** Subjects can be longer than a key may be, and are personal: the key holds their digest. */
export function ownerKey(project: string, domain: string, subject: string): string {
  return joinKey(project, domain, hash('sha256', subject, 'base64url'))
}

export function taskKey(task: { project: string; domain: string; name: string }): string {
  return joinKey(task.project, task.domain, task.name)
}

export function triggerKey(trigger: {
  project: string
  domain: string
  taskName: string
  name: string
}): string {
  return joinKey(trigger.project, trigger.domain, trigger.taskName, trigger.name)
}

const MS_DIGITS = 15

/** What sorts before every run of this millisecond and after every earlier one. */
export function createdAtBound(ms: EpochMs): string {
  return String(Math.min(Math.max(Math.trunc(ms), 0), 10 ** MS_DIGITS - 1)).padStart(MS_DIGITS, '0')
}

/**
 * Orders runs by time, and differs for every run of a deployment, so that a page can end at any of them. The same
 * for the actions inside a run, which end in their own name.
 */
export function createdAtKey(createdAtMs: EpochMs, key: RunKey, action: string): string {
  const run = [createdAtBound(createdAtMs), key.project, key.domain, key.name]
  return joinKey(...run, ...(action === ROOT_ACTION ? [] : [action]))
}

/** The run and the action that a {@link createdAtKey} belongs to; undefined if it is not one. */
export function placeOfCreatedAtKey(value: string): { run: RunKey; action: string } | undefined {
  const [ms = '', project, domain, name, action = ROOT_ACTION, ...more] = splitKey(value)
  if (project === undefined || domain === undefined || name === undefined) return undefined
  const isWhole = ms.length === MS_DIGITS && more.length === 0
  return isWhole ? { run: { project, domain, name }, action } : undefined
}

/** The item of an action. */
export function itemOfRun(run: StoredRun): Item {
  const { key, task, owner } = run
  return presentOnly({
    ...actionKey(key, run.action),
    ...indexKeys(run),
    project: text(key.project),
    domain: text(key.domain),
    runName: text(key.name),
    actionName: text(run.action),
    phase: number(run.phase),
    attempts: number(run.attempts),
    createdAt: number(run.createdAtMs),
    updatedAt: number(run.updatedAtMs),
    startTime: number(run.startedAtMs),
    endTime: optionalNumber(run.endedAtMs),
    runSource: number(run.source),
    taskProject: optionalText(task.project),
    taskDomain: optionalText(task.domain),
    taskName: optionalText(task.name),
    taskVersion: optionalText(task.version),
    taskType: optionalText(task.type),
    shortName: optionalText(task.shortName),
    environmentName: optionalText(task.environmentName),
    ownerIssuer: optionalText(owner?.issuer),
    ownerSubject: optionalText(owner?.subject),
    executedBy: optionalBytes(run.executedBy),
    runSpec: bytes(run.runSpec),
    taskSpecDigest: optionalText(run.taskSpecDigest),
    inputsUri: optionalText(run.inputsUri),
    inputsHash: optionalText(run.inputsHash),
    outputsUri: optionalText(run.outputsUri),
    requestDigest: optionalText(run.requestDigest),
    abortReason: optionalText(run.abort?.reason),
    abortedBy: optionalBytes(run.abort?.abortedBy),
    errorInfo: optionalBytes(run.errorInfo),
    labels: run.labels && { M: mapValues(run.labels) },
    triggerName: optionalText(run.trigger?.name),
    triggerRevision: optionalNumber(run.trigger?.revision),
    triggerSpec: optionalBytes(run.trigger?.automation),
  })
}

function mapValues(values: Labels): Item {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]))
}

function indexKeys(run: StoredRun): Item {
  const { key, task, owner, action, trigger } = run
  const { project, domain } = key
  const order = text(createdAtKey(run.createdAtMs, key, action))
  if (action !== ROOT_ACTION) return { projectKey: text(runKey(key)), createdAtKey: order }
  return presentOnly({
    projectKey: text(projectKey(project, domain)),
    ownerKey: owner && text(ownerKey(project, domain, owner.subject)),
    taskKey: task.name === '' ? undefined : text(taskKey(task)),
    triggerKey: trigger && text(triggerKey({ project, domain, taskName: task.name, name: trigger.name })),
    createdAtKey: order,
  })
}

function optionalText(value: string | undefined) {
  return value === undefined || value === '' ? undefined : text(value)
}

function optionalNumber(value: number | undefined) {
  return value === undefined ? undefined : number(value)
}

function optionalBytes(value: Uint8Array | undefined) {
  return value === undefined ? undefined : bytes(value)
}

/** What an index projects, read back. */
export function summaryOfItem(item: Item): RunSummary {
  const [, project = '', domain = '', name = ''] = splitKey(textOf(item, 'pk'))
  const [, action = ROOT_ACTION] = splitKey(textOf(item, 'sk'))
  const [createdAt = '0'] = splitKey(textOf(item, 'createdAtKey'))
  const createdAtMs = numberOf(item, 'createdAt') ?? Number(createdAt)
  const ownerSubject = textOf(item, 'ownerSubject')
  return {
    key: { project, domain, name },
    action,
    phase: numberOf(item, 'phase') ?? 0,
    attempts: numberOf(item, 'attempts') ?? 1,
    createdAtMs,
    updatedAtMs: numberOf(item, 'updatedAt') ?? createdAtMs,
    startedAtMs: numberOf(item, 'startTime') ?? createdAtMs,
    endedAtMs: numberOf(item, 'endTime'),
    source: numberOf(item, 'runSource') ?? 0,
    task: {
      project: textOf(item, 'taskProject'),
      domain: textOf(item, 'taskDomain'),
      name: textOf(item, 'taskName'),
      version: textOf(item, 'taskVersion'),
      type: textOf(item, 'taskType'),
      shortName: textOf(item, 'shortName'),
      environmentName: textOf(item, 'environmentName'),
    },
    owner: ownerSubject === '' ? undefined : { issuer: textOf(item, 'ownerIssuer'), subject: ownerSubject },
    executedBy: bytesOf(item, 'executedBy'),
    ...triggerOfItem(item),
    ...(action === ROOT_ACTION ? {} : { inside: placeOfItem(item) }),
  }
}

function triggerOfItem(item: Item): Pick<RunSummary, 'trigger'> {
  const name = textOf(item, 'triggerName')
  if (name === '') return {}
  const revision = numberOf(item, 'triggerRevision') ?? 0
  return { trigger: { name, revision, automation: bytesOf(item, 'triggerSpec') } }
}

/** The numbers of the `ActionType` enum start with tasks. */
const TYPE_TASK = 1

function placeOfItem(item: Item): ActionPlace {
  return {
    type: numberOf(item, 'actionType') ?? TYPE_TASK,
    parent: textOf(item, 'parentName') || ROOT_ACTION,
    group: textOf(item, 'groupName'),
  }
}

/** A whole item, read back. */
export function runOfItem(item: Item): StoredRun {
  const reason = item.abortReason?.S
  return {
    ...summaryOfItem(item),
    runSpec: bytesOf(item, 'runSpec') ?? new Uint8Array(),
    taskSpecDigest: textOf(item, 'taskSpecDigest'),
    inputsUri: textOf(item, 'inputsUri'),
    inputsHash: textOf(item, 'inputsHash'),
    outputsUri: textOf(item, 'outputsUri'),
    requestDigest: textOf(item, 'requestDigest'),
    abort: reason === undefined ? undefined : { reason, abortedBy: bytesOf(item, 'abortedBy') },
    errorInfo: bytesOf(item, 'errorInfo'),
    ...(item.labels?.M ? { labels: labelsOf(item.labels.M) } : {}),
  }
}

function labelsOf(labels: Item): Labels {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.S ?? '']))
}
