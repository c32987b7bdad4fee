/** `DataProxyService.UploadInputs`: the inputs of a run that is about to be made. */
import { hash } from 'node:crypto'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import {
  type UploadInputsRequest,
  type UploadInputsResponse,
  UploadInputsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { InputsSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { type TaskSpec, TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { inputsHash } from './inputs-hash.ts'

/**
 * Makes the method. The inputs are written to `{uri}/inputs.pb`, in a folder named by the SHA-256 of all of them:
 * the same inputs are one file, and other inputs never take its place. The hash in the answer leaves out what the
 * task does not count for its cache.
 *
 * It throws `request_invalid`, `project_not_found`, `task_not_found`, `trigger_not_found`.
 */
export function uploadInputsMethod(deps: ServiceDeps) {
  return async (request: UploadInputsRequest): Promise<UploadInputsResponse> => {
    const { project, domain } = placeOf(request, deps.domains)
    const [spec] = await Promise.all([specOf(deps, request.task), deps.projects.assertExists(project)])
    const inputs = request.inputs ?? create(InputsSchema)
    const bytes = toBinary(InputsSchema, inputs)
    const folder = hash('sha256', bytes, 'base64url')
    const uri = [deps.storagePrefix, project, domain, 'offloaded-inputs', folder].join('/')
    await deps.objects.put(`${uri}/inputs.pb`, bytes)
    const ignored = spec?.taskTemplate?.metadata?.cacheIgnoreInputVars ?? []
    return create(UploadInputsResponseSchema, {
      offloadedInputData: { uri, inputsHash: inputsHash(inputs, ignored) },
    })
  }
}

function placeOf({ id }: UploadInputsRequest, domains: readonly string[]) {
  if (id.case === undefined) throw invalid('run_id or project_id is required.')
  const project = id.case === 'runId' ? id.value.project : id.value.name
  const { domain } = id.value
  if (!domains.includes(domain)) throw invalid(`${FIELDS[id.case]}.domain is not one of this deployment's.`)
  return { project, domain }
}

const FIELDS = { runId: 'run_id', projectId: 'project_id' } as const

async function specOf(
  { tasks, findTrigger }: ServiceDeps,
  task: UploadInputsRequest['task'],
): Promise<TaskSpec | undefined> {
  if (task.case === 'taskSpec') return task.value
  if (task.case === undefined) throw invalid('task_spec, task_id or trigger_name is required.')
  const id = task.case === 'taskId' ? task.value : await taskOfTrigger(task.value, findTrigger)
  const stored = await tasks.findTask(id)
  if (stored === undefined) throw new ServiceError('task_not_found')
  const bytes = await tasks.findSpec(stored.specDigest)
  return bytes && fromBinary(TaskSpecSchema, bytes)
}

async function taskOfTrigger(name: TriggerName, findTrigger: ServiceDeps['findTrigger']) {
  const { project, domain, taskName } = name
  return { project, domain, name: taskName, version: (await findTrigger(name)).taskVersion }
}

function invalid(message: string): ServiceError {
  return new ServiceError('request_invalid', { message })
}
