/** `RunService.GetRunDetails`. */
import { create, fromBinary } from '@bufbuild/protobuf'
import type { RunIdentifier } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import { RunSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import {
  type RunDetails,
  RunDetailsSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import {
  type GetRunDetailsRequest,
  type GetRunDetailsResponse,
  GetRunDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import { ROOT_ACTION } from '../shared/stores/run-store.ts'
import type { RunsDeps } from './deps.ts'
import { actionDetailsOf } from './messages.ts'

/** Makes the method. It throws `run_not_found`. */
export function getRunDetailsMethod(deps: Pick<RunsDeps, 'actions' | 'tasks'>) {
  return async ({ runId }: GetRunDetailsRequest): Promise<GetRunDetailsResponse> =>
    create(GetRunDetailsResponseSchema, { details: await readRunDetails(deps, runId) })
}

/** Everything about a run as it is now. Throws `run_not_found`. */
export async function readRunDetails(
  { actions, tasks }: Pick<RunsDeps, 'actions' | 'tasks'>,
  runId: RunIdentifier | undefined,
): Promise<RunDetails> {
  const id = required(runId, 'run_id')
  const run = await actions.find({ run: id, action: ROOT_ACTION })
  if (run === undefined) throw new ServiceError('run_not_found')
  const spec = await tasks.findSpec(run.taskSpecDigest)
  return create(RunDetailsSchema, {
    runSpec: fromBinary(RunSpecSchema, run.runSpec),
    action: actionDetailsOf(run, id.org, spec),
  })
}
