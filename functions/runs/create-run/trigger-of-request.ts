/** A run by the name of a trigger: the request that it stands for. */
import { create } from '@bufbuild/protobuf'
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import type { RunSpec } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import { TaskIdentifierSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import type { CreateRunRequest } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { RunTrigger } from '../../shared/stores/run-store.ts'

/** What a trigger starts. */
export interface RunOfTrigger {
  readonly taskVersion: string
  readonly inputWrapper: CreateRunRequest['inputWrapper']
  readonly runSpec: RunSpec | undefined
  readonly trigger: RunTrigger
}

/** What a trigger of that name starts. Throws {@link ServiceError} `trigger_not_found`. */
export type FindTrigger = (name: TriggerName) => Promise<RunOfTrigger>

/** A request that names a task, and the trigger that it named before. */
export interface ResolvedRequest {
  readonly request: CreateRunRequest
  readonly trigger: RunTrigger | undefined
}

/**
 * Replaces the name of a trigger by its task, and what the request leaves out by what the trigger says. A trigger
 * that is switched off starts runs as well when somebody asks for one.
 *
 * @throws {ServiceError} `trigger_not_found`; `request_invalid` for a trigger of another project or domain.
 */
export async function resolveTrigger(
  request: CreateRunRequest,
  { findTrigger }: { readonly findTrigger: FindTrigger },
): Promise<ResolvedRequest> {
  if (request.task.case !== 'triggerName') return { request, trigger: undefined }
  const name = request.task.value
  const { project, domain } = placeOf(request.id)
  if (name.project !== project || name.domain !== domain) {
    throw new ServiceError('request_invalid', {
      message: 'trigger_name is of another project or domain than the run.',
    })
  }
  return requestOfTrigger(request, name, await findTrigger(name))
}

/** A request that starts what a trigger starts, unless it says something else itself. */
export function requestOfTrigger(
  request: CreateRunRequest,
  { org, project, domain, taskName }: TriggerName,
  found: RunOfTrigger,
): ResolvedRequest {
  const id = { org, project, domain, name: taskName, version: found.taskVersion }
  const runSpec = request.runSpec ?? found.runSpec
  return {
    request: {
      ...request,
      task: { case: 'taskId', value: create(TaskIdentifierSchema, id) },
      inputWrapper: request.inputWrapper.case === undefined ? found.inputWrapper : request.inputWrapper,
      ...(runSpec && { runSpec }),
    },
    trigger: found.trigger,
  }
}

function placeOf(id: CreateRunRequest['id']) {
  if (id.case === 'runId') return { project: id.value.project, domain: id.value.domain }
  return { project: id.value?.name, domain: id.value?.domain }
}
