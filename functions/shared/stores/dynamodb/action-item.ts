/**
 * An action as an item of the Runs table, and back: what a run's item has (`run-item.ts`) and what is an action's
 * own. Children of an action also carry the keys of the index byParent.
 */
import type { EpochMs } from '../../clock.ts'
import {
  type ActionKey,
  type ActionKind,
  type ActionState,
  type AttemptRecord,
  type ChildSummary,
  KIND_CONDITION,
  KIND_TASK,
  KIND_TRACE,
  type NewAction,
  PHASE_PAUSED,
  type StoredAction,
} from '../action-store.ts'
import { ROOT_ACTION } from '../run-store.ts'
import { bytes, bytesOf, type Item, number, numberOf, presentOnly, text, textOf } from './attributes.ts'
import { joinKey, splitKey } from './keys.ts'
import { createdAtBound, itemOfRun, runOfItem } from './run-item.ts'

/** The index of an action's children, the last changed last. */
export const CHILDREN_INDEX = { name: 'byParent', partitionKey: 'parentKey', sortKey: 'changedKey' } as const

export function parentKey({ run, action }: ActionKey): string {
  return joinKey(run.project, run.domain, run.name, action)
}

/** Orders the children of an action by the time of their last change; no two of them have the same one. */
export function changedKey(atMs: EpochMs, action: string): string {
  return joinKey(createdAtBound(atMs), action)
}

/** The name in a {@link changedKey}. */
export function actionOfChangedKey(value: string): string {
  return splitKey(value)[1] ?? ''
}

/** The index of actions that wait for somebody. */
export const PAUSED_INDEX = { name: 'byPaused', partitionKey: 'pausedKey', sortKey: 'createdAtKey' } as const

export function pausedKey({ project, domain }: { project: string; domain: string }): string {
  return joinKey(project, domain)
}

/** The item of a new action. */
export function itemOfAction(action: NewAction): Item {
  const isChild = action.parent !== ''
  return presentOnly({
    ...itemOfRun(action),
    actionType: number(action.kind),
    parentName: optionalText(action.parent),
    groupName: optionalText(action.group),
    outputBase: optionalText(action.outputBase),
    cacheKey: optionalText(action.cacheKey),
    cluster: optionalText(action.cluster),
    detail: action.detail && bytes(action.detail),
    timesOutAt: action.timesOutAtMs === undefined ? undefined : number(action.timesOutAtMs),
    parentKey: isChild ? text(parentKey({ run: action.key, action: action.parent })) : undefined,
    pausedKey: action.phase === PHASE_PAUSED ? text(pausedKey(action.key)) : undefined,
    changedKey: isChild ? text(changedKey(action.updatedAtMs, action.action)) : undefined,
  })
}

function optionalText(value: string) {
  return value === '' ? undefined : text(value)
}

/** A whole item, read back. */
export function actionOfItem(item: Item): StoredAction {
  const run = runOfItem(item)
  return {
    ...run,
    kind: kindOf(item),
    // Runs were made before they had children, and name no parent.
    parent: textOf(item, 'parentName') || (run.action === ROOT_ACTION ? '' : ROOT_ACTION),
    group: textOf(item, 'groupName'),
    outputBase: textOf(item, 'outputBase'),
    cacheKey: textOf(item, 'cacheKey'),
    cluster: textOf(item, 'cluster'),
    detail: bytesOf(item, 'detail'),
    timesOutAtMs: numberOf(item, 'timesOutAt'),
    value: bytesOf(item, 'signalValue'),
    state: stateOf(item),
    attemptRecords: attemptRecordsOf(item),
  }
}

function kindOf(item: Item): ActionKind {
  const kind = numberOf(item, 'actionType')
  return kind === KIND_TRACE || kind === KIND_CONDITION ? kind : KIND_TASK
}

function stateOf(item: Item): ActionState | undefined {
  const attempt = numberOf(item, 'stateAttempt')
  return attempt === undefined ? undefined : { attempt, text: textOf(item, 'state') }
}

/** The two attributes of an attempt. */
export const attemptAttributes = (attempt: number) => ({
  record: `attempt${attempt}`,
  version: `attempt${attempt}Version`,
})

const ATTEMPT_ATTRIBUTE = /^attempt(\d+)$/

function attemptRecordsOf(item: Item): AttemptRecord[] {
  const records = Object.keys(item).flatMap((name) => {
    const attempt = Number(ATTEMPT_ATTRIBUTE.exec(name)?.[1] ?? 0)
    const record = bytesOf(item, name)
    const version = numberOf(item, attemptAttributes(attempt).version) ?? 0
    return attempt > 0 && record ? [{ attempt, version, record }] : []
  })
  return records.sort((a, b) => a.attempt - b.attempt)
}

/** What the index byParent projects, read back. */
export function childOfItem(item: Item): ChildSummary {
  const [, name = ''] = splitKey(textOf(item, 'sk'))
  return {
    name,
    kind: kindOf(item),
    phase: numberOf(item, 'phase') ?? 0,
    attempts: numberOf(item, 'attempts') ?? 1,
    outputsUri: textOf(item, 'outputsUri'),
    outputBase: textOf(item, 'outputBase'),
    errorInfo: bytesOf(item, 'errorInfo'),
    value: bytesOf(item, 'signalValue'),
    timesOutAtMs: numberOf(item, 'timesOutAt'),
    position: textOf(item, 'changedKey'),
  }
}
