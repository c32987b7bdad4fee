/**
 * `ActionsService.Abort`: an action and everything below it.
 *
 * The action itself is ended first, so that nothing new can be enqueued below it. Below, an action is ended only
 * after everything below it has been: an aborted one then has nothing left to do, and a call that was cut short is
 * taken up by the next one where it stopped.
 */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type AbortRequest,
  type AbortResponse,
  AbortResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Caller } from '../shared/identity/caller.ts'
import { callerKey } from '../shared/identity/caller-gate.ts'
import { enrichedIdentityBytes } from '../shared/identity/enriched-identity.ts'
import type { ResolvedCaller } from '../shared/identity/resolved-caller.ts'
import {
  type ActionKey,
  type ActionStore,
  type ChildSummary,
  KIND_TASK,
} from '../shared/stores/action-store.ts'
import { actionKeyOf } from './action-key.ts'
import type { ActionsDeps } from './deps.ts'
import { isEnd } from './phase.ts'
import { severalAtOnce } from './several-at-once.ts'

const DEFAULT_REASON = 'Aborted without a reason given.'
/** A reason is read by people; what is longer than this is cut. */
const MAX_REASON_LENGTH = 4_000

/** A few seconds' worth. */
const MAX_OPERATIONS = 6_000
const AT_ONCE = 25
const PAGE = 500

interface Walk {
  readonly actions: ActionStore
  readonly run: ActionKey['run']
  readonly abort: Parameters<ActionStore['abort']>[1]
  /** How many calls of the database are left. */
  operations: number
}

/**
 * Makes the method. It throws `action_not_found`, and `abort_unfinished` where one call is not enough.
 *
 * @param operations How many calls of the database one abort makes at most.
 */
export function abortMethod(
  { actions, now }: Pick<ActionsDeps, 'actions' | 'now'>,
  operations = MAX_OPERATIONS,
) {
  return async (request: AbortRequest, context: HandlerContext): Promise<AbortResponse> => {
    const key = actionKeyOf(request.actionId, 'action_id')
    const caller = knownCaller(context)
    const abort = {
      reason: request.reason?.slice(0, MAX_REASON_LENGTH) || DEFAULT_REASON,
      abortedBy: caller && enrichedIdentityBytes(caller),
      atMs: now(),
    }
    if ((await actions.abort(key, abort)) === 'not-found') throw new ServiceError('action_not_found')
    await abortBelow({ actions, run: key.run, abort, operations }, key.action)
    return create(AbortResponseSchema)
  }
}

/**
 * Goes through the children of an action, several at once; below those one by one, so that whatever the tree looks
 * like, some branches are finished before a call has used up what it may.
 */
async function abortBelow(walk: Walk, parent: string, atOnce = AT_ONCE): Promise<void> {
  let after: string | undefined
  do {
    if (walk.operations <= 0) throw new ServiceError('abort_unfinished')
    walk.operations -= 1
    const page = await walk.actions.children({ run: walk.run, action: parent }, { limit: PAGE, after })
    const alive = page.children.filter(({ phase }) => !isEnd(phase))
    await severalAtOnce(alive, atOnce, (child) => abortChild(walk, child))
    after = page.next
  } while (after !== undefined)
}

async function abortChild(walk: Walk, { kind, name }: ChildSummary): Promise<void> {
  // Traces and conditions have nothing below them.
  if (kind === KIND_TASK) await abortBelow(walk, name, 1)
  walk.operations -= 1
  await walk.actions.abort({ run: walk.run, action: name }, walk.abort)
}

/** Whose bearer token came along. A task needs none: then nobody is recorded, rather than somebody guessed. */
function knownCaller({ values }: HandlerContext): Caller | undefined {
  return (values.get(callerKey) as ResolvedCaller | undefined)?.caller
}
