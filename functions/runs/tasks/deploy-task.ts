/**
 * `TaskService.DeployTask`: a version of a task, and its triggers. Deployed again it replaces itself, so that a
 * retry changes nothing twice. Each write is complete by itself, and the next try makes up for a missing one.
 */
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  type TaskIdentifier,
  type TaskTrigger,
  type TaskTriggerSpec,
  TaskTriggerSpecSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import {
  type DeployTaskRequest,
  type DeployTaskResponse,
  DeployTaskResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import {
  type TriggerSpec,
  TriggerSpecSchema,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { enrichedIdentityBytes, enrichedIdentityOf } from '../../shared/identity/enriched-identity.ts'
import { required } from '../../shared/rpc/required.ts'
import { taskOfSpec } from '../../shared/tasks/task-to-run.ts'
import { recordedCallerOf } from '../deps.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { followTrigger } from '../triggers/schedules.ts'
import { timetableOf } from '../triggers/timetable.ts'
import { deployTrigger, OFFLOADED_IN_TRIGGER, type TriggerToDeploy } from '../triggers/trigger-documents.ts'

/** More would make a call longer than its client waits. */
const MAX_TRIGGERS = 50

/**
 * Makes the method. It throws `request_invalid`, `request_too_large`, `project_not_found`, `scheduler_unavailable`.
 */
export function deployTaskMethod(deps: ServiceDeps) {
  return async (request: DeployTaskRequest, context: HandlerContext): Promise<DeployTaskResponse> => {
    const id = required(request.taskId, 'task_id')
    const spec = required(request.spec, 'spec')
    assertDomain(id, deps.domains)
    const triggers = triggersOf(request.triggers, id)
    await deps.projects.assertExists(id.project)
    const { task, specDigest, specToStore } = taskOfSpec(spec)
    const caller = await recordedCallerOf(deps, context)
    if (specToStore) await deps.tasks.putSpec(specDigest, specToStore)
    const { project, domain, name, version } = id
    await deps.deployedTasks.deploy({
      task: { ...task, project, domain, name, version },
      specDigest,
      deployedAtMs: deps.now(),
      deployedBy: enrichedIdentityBytes(caller),
      isEntrypoint: spec.taskTemplate?.metadata?.isEntrypoint ?? false,
    })
    const change = { by: enrichedIdentityOf(caller), atMs: deps.now() }
    await Promise.all(
      triggers.map(async (trigger) => {
        await deployTrigger(deps.documents, trigger, change)
        await followTrigger(deps, trigger.name)
      }),
    )
    return create(DeployTaskResponseSchema)
  }
}

function assertDomain({ domain }: TaskIdentifier, domains: readonly string[]): void {
  if (!domains.includes(domain)) throw invalid("task_id.domain is not one of this deployment's.")
}

function triggersOf(triggers: readonly TaskTrigger[], id: TaskIdentifier): TriggerToDeploy[] {
  if (triggers.length > MAX_TRIGGERS) throw invalid(`triggers has more than ${MAX_TRIGGERS} items.`)
  if (new Set(triggers.map(({ name }) => name)).size < triggers.length) {
    throw invalid('triggers has one name twice.')
  }
  for (const { automationSpec } of triggers) timetableOf(automationSpec)
  const { org, project, domain, name: taskName, version } = id
  return triggers.map(({ name, spec, automationSpec }) => ({
    name: { $typeName: 'flyteidl2.common.TriggerName', org, project, domain, taskName, name },
    spec: triggerSpecOf(spec, version),
    automationSpec,
    replaces: 0,
  }))
}

/** `offloaded_input_data`, which is newer than our generated code, by its number in `TaskTriggerSpec`. */
const OFFLOADED_IN_TASK_TRIGGER = 5

function triggerSpecOf(spec: TaskTriggerSpec | undefined, taskVersion: string): TriggerSpec {
  const { active, inputs, runSpec, description } = spec ?? create(TaskTriggerSpecSchema)
  const made = create(TriggerSpecSchema, { active, inputs, runSpec, description, taskVersion })
  const offloaded = spec?.$unknown?.filter(({ no }) => no === OFFLOADED_IN_TASK_TRIGGER) ?? []
  if (offloaded.length > 0) made.$unknown = offloaded.map((one) => ({ ...one, no: OFFLOADED_IN_TRIGGER }))
  return made
}

function invalid(message: string): ServiceError {
  return new ServiceError('request_invalid', { message })
}
