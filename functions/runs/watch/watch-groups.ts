/** `RunService.WatchGroups`: the newest runs of a project summed up by task, once, and the end. */
import { create } from '@bufbuild/protobuf'
import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt'
import {
  type WatchGroupsRequest,
  type WatchGroupsResponse,
  WatchGroupsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { required } from '../../shared/rpc/required.ts'
import type { TimeSpan } from '../../shared/stores/run-store.ts'
import type { RunsDeps } from '../deps.ts'
import { NONE } from '../filters.ts'
import { firstOf } from './every-page.ts'
import { taskGroupsOf } from './task-group.ts'

/** How many runs are summed up: the newest ones. */
export const GROUPED_RUNS = 1_000

/**
 * Makes the method, a stream of one message that says it is the last. The times limit when runs were made; the
 * groups come in the order of their newest runs.
 */
export function watchGroupsMethod({ runs }: Pick<RunsDeps, 'runs'>) {
  return async function* (request: WatchGroupsRequest): AsyncGenerator<WatchGroupsResponse> {
    const { name, domain } = required(request.scopeBy.value, 'project_id')
    const scope = { kind: 'project', project: name, domain } as const
    const query = { scope, ...NONE, created: spanOf(request), newestFirst: true }
    const found = await firstOf(runs, query, GROUPED_RUNS)
    yield create(WatchGroupsResponseSchema, { taskGroups: taskGroupsOf(found), sentinel: true })
  }
}

const LAST_MS = 10 ** 14

function spanOf({ startDate, endDate }: WatchGroupsRequest): TimeSpan | undefined {
  if (startDate === undefined && endDate === undefined) return undefined
  return { fromMs: msOf(startDate, 0), untilMs: msOf(endDate, LAST_MS) }
}

function msOf(time: Timestamp | undefined, otherwise: number): number {
  return time === undefined ? otherwise : Math.min(Math.max(timestampMs(time), 0), LAST_MS)
}
