/**
 * `RunService.WatchActions`: the actions of a run as they are now, each with the phases of what it asked for, and
 * the end. Every action is there, whether it meets the filter or not: a tree needs the branches between.
 */
import { create } from '@bufbuild/protobuf'
import {
  type EnrichedAction,
  EnrichedActionSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import {
  type WatchActionsRequest,
  type WatchActionsResponse,
  WatchActionsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import type { RunSummary } from '../../shared/stores/run-store.ts'
import type { RunsDeps } from '../deps.ts'
import { ACTION_FIELDS, conditionsOfFilters, NONE } from '../filters.ts'
import { matches } from '../matches.ts'
import { actionOf } from '../messages.ts'
import { firstOf } from './every-page.ts'

/** How many actions are shown: the oldest ones. More would not pass the load balancer; ListActions has pages. */
export const WATCHED_ACTIONS = 2_000
const ACTIONS_PER_MESSAGE = 200

/** Makes the method. It throws `run_not_found`, and `request_invalid` for a filter that it does not know. */
export function watchActionsMethod({ runs }: Pick<RunsDeps, 'runs'>) {
  return async function* ({ runId, filter }: WatchActionsRequest): AsyncGenerator<WatchActionsResponse> {
    const { org, project, domain, name } = required(runId, 'run_id')
    const run = { project, domain, name }
    const conditions = conditionsOfFilters({ filters: filter, rawFilters: [] }, ACTION_FIELDS)
    const root = await runs.find(run)
    if (root === undefined) throw new ServiceError('run_not_found')
    const query = { scope: { kind: 'run', run } as const, ...NONE, newestFirst: false }
    const actions = [root, ...(await firstOf(runs, query, WATCHED_ACTIONS - 1))]
    const counts = childPhases(actions)
    for (let i = 0; i < actions.length; i += ACTIONS_PER_MESSAGE) {
      const enrichedActions = actions.slice(i, i + ACTIONS_PER_MESSAGE).map(
        (action): EnrichedAction =>
          create(EnrichedActionSchema, {
            action: actionOf(action, org),
            meetsFilter: matches(action, conditions),
            childrenPhaseCounts: counts.get(action.action) ?? {},
          }),
      )
      yield create(WatchActionsResponseSchema, { enrichedActions })
    }
  }
}

/** How many children of each action are in each phase. */
function childPhases(actions: readonly RunSummary[]): Map<string, Record<number, number>> {
  const counts = new Map<string, Record<number, number>>()
  for (const { inside, phase } of actions) {
    if (inside === undefined) continue
    const ofParent = counts.get(inside.parent) ?? {}
    ofParent[phase] = (ofParent[phase] ?? 0) + 1
    counts.set(inside.parent, ofParent)
  }
  return counts
}
