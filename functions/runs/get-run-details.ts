/** `RunService.GetRunDetails`. */
import { create, fromBinary } from '@bufbuild/protobuf'
import { RunSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import { RunDetailsSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import {
  type GetRunDetailsRequest,
  type GetRunDetailsResponse,
  GetRunDetailsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../shared/errors.ts'
import { required } from '../shared/rpc/required.ts'
import type { RunsDeps } from './deps.ts'
import { actionDetailsOf } from './messages.ts'

/** Makes the method. It throws `run_not_found`. */
export function getRunDetailsMethod({ runs, tasks }: Pick<RunsDeps, 'runs' | 'tasks'>) {
  return async ({ runId }: GetRunDetailsRequest): Promise<GetRunDetailsResponse> => {
    const id = required(runId, 'run_id')
    const run = await runs.find(id)
    if (run === undefined) throw new ServiceError('run_not_found')
    const spec = await tasks.findSpec(run.taskSpecDigest)
    const details = create(RunDetailsSchema, {
      runSpec: fromBinary(RunSpecSchema, run.runSpec),
      action: actionDetailsOf(run, id.org, spec),
    })
    return create(GetRunDetailsResponseSchema, { details })
  }
}
