/** `RunService.WatchRuns`: the newest runs of a project, of a task or of all as they are now, and the end. */
import { create } from '@bufbuild/protobuf'
import { RunSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import {
  type WatchRunsRequest,
  type WatchRunsResponse,
  WatchRunsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { RunsDeps } from '../deps.ts'
import { NONE } from '../filters.ts'
import { scopeOf } from '../list-runs/scope.ts'
import { actionOf } from '../messages.ts'

/** How many runs are shown. */
const WATCHED_RUNS = 100

/** Makes the method, a stream of one message. It throws what ListRuns throws for the same scope. */
export function watchRunsMethod({ runs, ...deps }: Pick<RunsDeps, 'runs' | 'projects' | 'domains'>) {
  return async function* ({ target }: WatchRunsRequest): AsyncGenerator<WatchRunsResponse> {
    if (target.case === 'clusterId') throw new ServiceError('rpc_unimplemented')
    const { scope, org } = await scopeOf(target, deps)
    const query = { scope, ...NONE, newestFirst: true }
    const page = await runs.list(query, { limit: WATCHED_RUNS, after: undefined })
    const shown = page.runs.map((run) => create(RunSchema, { action: actionOf(run, org) }))
    yield create(WatchRunsResponseSchema, { runs: shown })
  }
}
