/**
 * `ActionsService.WatchForUpdates`: how the children of an action are, then the sentinel, then the end. A load
 * balancer passes a function's answer on only when it is complete, so there is nothing to wait for here: the task
 * asks again a second after the end, and waits at most five for its first sentinel.
 *
 * An answer holds about two thousand children. Which, when there are more, is what makes every task get on:
 *
 * - First come those that changed last. A run's items share one partition of the table, which takes a thousand
 *   writes a second, so that everything that changed between two questions fits.
 * - The rest of the answer goes through the others in turn, from where the last answer stopped, and starts over at
 *   the end. Whatever a lost answer took along, or an earlier attempt of the parent had been told, comes round
 *   again within so many questions as the children fill answers.
 *
 * The turn is kept beside the parent, in an item of its own; only parents with more children than an answer have one.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type WatchForUpdatesRequest,
  type WatchForUpdatesResponse,
  WatchForUpdatesResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { callKey } from '../shared/rpc/router.ts'
import type { ActionKey, ActionStore, ChildPage, ChildSummary } from '../shared/stores/action-store.ts'
import { actionKeyOf } from './action-key.ts'
import { childUpdate } from './child-update.ts'
import { endOverdue } from './condition-timeout.ts'
import type { ActionsDeps } from './deps.ts'

/** In protobuf. As base64 these are 590 KB of the load balancer's 1 MB; in JSON half as much again. */
export const MAX_ANSWER_BYTES = 440_000
/** How much of it goes to the children that changed last. */
const RECENT_BYTES = 300_000
/** Of errors in full; the messages of further ones are cut. */
const FULL_ERROR_BYTES = 60_000
const FULL_ERROR_LENGTH = 2_500
const CUT_ERROR_LENGTH = 200

/** How many children one query reads. */
const RECENT_CHILDREN = 2_000
const OTHER_CHILDREN = 1_000

/** What an envelope adds to a message. */
const ENVELOPE_BYTES = 12

interface Watch {
  readonly actions: ActionStore
  readonly parent: ActionKey
  readonly org: string
  readonly nowMs: number
}

/** Makes the method. It throws `parent_not_found`. */
export function watchForUpdatesMethod({ actions, now }: Pick<ActionsDeps, 'actions' | 'now'>) {
  return async function* (
    { filter }: WatchForUpdatesRequest,
    context: HandlerContext,
  ): AsyncGenerator<WatchForUpdatesResponse> {
    const parent = actionKeyOf(filter.value, 'parent_action_id')
    const org = filter.value?.run?.org ?? ''
    const updates = await updatesOf({ actions, parent, org, nowMs: now() })
    context.values.get(callKey).notes.children = updates.length
    yield* updates
    yield create(WatchForUpdatesResponseSchema, {
      message: { case: 'controlMessage', value: { sentinel: true } },
    })
  }
}

async function updatesOf(watch: Watch): Promise<WatchForUpdatesResponse[]> {
  const { actions, parent } = watch
  const recent = await readChildren(watch, { limit: RECENT_CHILDREN, after: undefined })
  if (recent.children.length === 0) {
    if ((await actions.find(parent)) === undefined) throw new ServiceError('parent_not_found')
    return []
  }
  const whole = new Answer(watch)
  if (whole.add(recent.children, MAX_ANSWER_BYTES) && recent.next === undefined) return whole.updates
  const answer = new Answer(watch)
  answer.add(recent.children, RECENT_BYTES)
  await addInTurn(watch, answer)
  return answer.updates
}

/** Adds children from the place where the last answer stopped. */
async function addInTurn(watch: Watch, answer: Answer): Promise<void> {
  const { actions, parent } = watch
  const sentUntil = answer.lastPosition
  const turn = await actions.findTurn(parent)
  const after = turn !== undefined && turn !== '' && turn < sentUntil ? turn : sentUntil
  const others = await readChildren(watch, { limit: OTHER_CHILDREN, after })
  const hasReachedTheEnd = answer.add(others.children, MAX_ANSWER_BYTES) && others.next === undefined
  await actions.keepTurn(parent, hasReachedTheEnd ? '' : answer.lastPosition)
}

async function readChildren(
  watch: Watch,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<ChildPage> {
  const { children, next } = await watch.actions.children(watch.parent, page)
  return { children: await endOverdue(watch, children), next }
}

/** The messages of an answer while it is put together. */
class Answer {
  readonly updates: WatchForUpdatesResponse[] = []
  /** Where the child that was added last is. */
  lastPosition = ''
  private bytes = 0
  private errorBytes = 0

  constructor(private readonly watch: Watch) {}

  /** Adds children until the answer is of this size; tells whether all of them fit. */
  add(children: readonly ChildSummary[], maxBytes: number): boolean {
    for (const child of children) {
      const update = this.updateOf(child)
      const size = toBinary(WatchForUpdatesResponseSchema, update).length + ENVELOPE_BYTES
      if (this.bytes + size > maxBytes) return false
      this.bytes += size
      this.updates.push(update)
      this.lastPosition = child.position
    }
    return true
  }

  private updateOf(child: ChildSummary): WatchForUpdatesResponse {
    const maxErrorLength = this.errorBytes < FULL_ERROR_BYTES ? FULL_ERROR_LENGTH : CUT_ERROR_LENGTH
    const value = childUpdate(child, { ...this.watch, maxErrorLength })
    this.errorBytes += value.error?.message.length ?? 0
    return create(WatchForUpdatesResponseSchema, { message: { case: 'actionUpdate', value } })
  }
}
