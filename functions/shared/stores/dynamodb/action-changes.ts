/** Changes of actions as conditional updates of one item. Conditions are named before they are joined. */
import type { EpochMs } from '../../clock.ts'
import {
  type ActionKey,
  type AttemptReport,
  KIND_CONDITION,
  PHASE_FAILED,
  PHASE_PAUSED,
  PHASE_SUCCEEDED,
  PHASE_TIMED_OUT,
  type StatusChange,
} from '../action-store.ts'
import { PHASE_ABORTED, type RunAbort, TERMINAL_PHASES } from '../run-store.ts'
import { attemptAttributes, changedKey, pausedKey } from './action-item.ts'
import { bytes, type Item, number, text } from './attributes.ts'

/** The parts of an UpdateItem that say what changes and when. */
export interface Change {
  readonly ConditionExpression: string
  readonly UpdateExpression: string
  readonly ExpressionAttributeNames: Record<string, string>
  readonly ExpressionAttributeValues: Item
}

const EXISTS = 'attribute_exists(pk)'

interface Draft {
  readonly conditions: readonly string[]
  readonly set: Readonly<Record<string, Item[string] | undefined>>
  readonly remove?: readonly string[]
  /** Values that only conditions use. */
  readonly values?: Item
}

/** Every change says when it was, and takes the action to the front of its parent's children. */
function change(key: ActionKey, atMs: EpochMs, draft: Draft): Change {
  const set = { ...draft.set, updatedAt: number(atMs), changedKey: text(changedKey(atMs, key.action)) }
  const updates = Object.entries(set).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  )
  const remove = draft.remove?.length ? ` REMOVE ${draft.remove.join(', ')}` : ''
  const conditions = [EXISTS, ...draft.conditions].join(' AND ')
  const assignments = updates.map(({ name }) => `#${name} = :${name}`).join(', ')
  const expression = `SET ${assignments}${remove}`
  return {
    ConditionExpression: conditions,
    UpdateExpression: expression,
    ExpressionAttributeNames: usedNames(`${conditions} ${expression}`),
    ExpressionAttributeValues: {
      ...draft.values,
      ...Object.fromEntries(updates.map(({ name, value }) => [`:${name}`, value])),
    },
  }
}

/** Attributes are written with a `#`, because some of their names are words of the language. */
function usedNames(expression: string): Record<string, string> {
  return Object.fromEntries(
    [...expression.matchAll(/#(\w+)/g)].map(([name, attribute = '']) => [name, attribute]),
  )
}

/** A newer status; see `ActionStore.changeStatus` for what counts as newer. */
export function statusChange(key: ActionKey, status: StatusChange): Change {
  const { phase, attempt, atMs, state, errorInfo } = status
  const isEnd = TERMINAL_PHASES.includes(phase)
  const conditions = [...(phase === 0 ? [] : [phaseGoesOn(isEnd)]), ...(attempt === 0 ? [] : [NOT_EARLIER])]
  return change(key, atMs, {
    conditions,
    set: {
      phase: phase === 0 ? undefined : number(phase),
      attempts: attempt === 0 ? undefined : number(attempt),
      endTime: isEnd ? number(status.endedAtMs ?? atMs) : undefined,
      state: state && text(state.text),
      stateAttempt: state && number(state.attempt),
      errorInfo: errorInfo && bytes(errorInfo),
      pausedKey: phase === PHASE_PAUSED ? text(pausedKey(key.run)) : undefined,
    },
    remove: [
      // Another attempt has begun: how the one before ended is in its own record.
      ...(isEnd || phase === 0 ? [] : ['endTime', 'errorInfo']),
      ...(phase === PHASE_PAUSED || phase === 0 ? [] : ['pausedKey']),
    ],
    values: phase === 0 ? {} : phaseValues(isEnd),
  })
}

const NOT_EARLIER = 'attempts <= :attempts'

function phaseGoesOn(isEnd: boolean): string {
  const forward = '#phase <= :phase'
  const tryAgain = '#phase IN (:failed, :timedOut)'
  const resumed = '#phase = :paused'
  return `(${[forward, tryAgain, ...(isEnd ? [resumed] : [])].join(' OR ')})`
}

function phaseValues(isEnd: boolean): Item {
  const tryAgain = { ':failed': number(PHASE_FAILED), ':timedOut': number(PHASE_TIMED_OUT) }
  return isEnd ? { ...tryAgain, ':paused': number(PHASE_PAUSED) } : tryAgain
}

/** How many attempts of an action are kept, the last ones. */
export const KEPT_ATTEMPTS = 8

/** A report about an attempt, of which the action itself is told what is about its last one. */
export function attemptChange(key: ActionKey, report: AttemptReport): Change {
  const { record, replaces, outputsUri, errorInfo, atMs } = report
  const names = attemptAttributes(record.attempt)
  const unchanged =
    replaces === undefined ? `attribute_not_exists(${names.record})` : `${names.version} = :old`
  const isTold = outputsUri !== undefined || errorInfo !== undefined
  return change(key, atMs, {
    conditions: isTold ? [unchanged, 'attempts <= :about'] : [unchanged],
    set: {
      [names.record]: bytes(record.record),
      [names.version]: number(record.version),
      outputsUri: outputsUri === undefined ? undefined : text(outputsUri),
      errorInfo: errorInfo && bytes(errorInfo),
    },
    // An item holds 400 KB: attempts of long ago make room.
    remove:
      record.attempt > KEPT_ATTEMPTS ? Object.values(attemptAttributes(record.attempt - KEPT_ATTEMPTS)) : [],
    values: {
      ...(replaces === undefined ? {} : { ':old': number(replaces) }),
      ...(isTold ? { ':about': number(record.attempt) } : {}),
    },
  })
}

/** An abort, unless the action has ended. */
export function abortChange(key: ActionKey, abort: RunAbort & { readonly atMs: EpochMs }): Change {
  const terminal = TERMINAL_PHASES.map((phase, i) => [`:terminal${i}`, number(phase)] as const)
  const notEnded = `NOT #phase IN (${terminal.map(([name]) => name).join(', ')})`
  return change(key, abort.atMs, {
    conditions: [notEnded],
    set: {
      phase: number(PHASE_ABORTED),
      endTime: number(abort.atMs),
      abortReason: text(abort.reason),
      abortedBy: abort.abortedBy && bytes(abort.abortedBy),
    },
    remove: ['pausedKey'],
    values: Object.fromEntries(terminal),
  })
}

/** The signal of a condition that waits for it and has not waited too long. */
export function signalChange(key: ActionKey, signal: { value: Uint8Array; atMs: EpochMs }): Change {
  const isCondition = 'actionType = :condition'
  const waits = '#phase = :paused'
  const inTime = '(attribute_not_exists(timesOutAt) OR timesOutAt > :endTime)'
  return change(key, signal.atMs, {
    conditions: [isCondition, waits, inTime],
    set: {
      phase: number(PHASE_SUCCEEDED),
      endTime: number(signal.atMs),
      signalValue: bytes(signal.value),
    },
    remove: ['pausedKey'],
    values: { ':condition': number(KIND_CONDITION), ':paused': number(PHASE_PAUSED) },
  })
}
