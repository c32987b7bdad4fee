/** `TriggerService.DeployTrigger`, `UpdateTriggers` and `DeleteTriggers`. Repeated, they change nothing more. */
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { HandlerContext } from '@connectrpc/connect'
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import {
  type TriggerDetails,
  TriggerMetadataSchema,
  TriggerStatusSchema,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import {
  type DeleteTriggersRequest,
  type DeleteTriggersResponse,
  DeleteTriggersResponseSchema,
  type DeployTriggerRequest,
  type DeployTriggerResponse,
  DeployTriggerResponseSchema,
  type UpdateTriggersRequest,
  type UpdateTriggersResponse,
  UpdateTriggersResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { enrichedIdentityOf } from '../../shared/identity/enriched-identity.ts'
import { required } from '../../shared/rpc/required.ts'
import { recordedCallerOf } from '../deps.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { followTrigger } from './schedules.ts'
import { timetableOf } from './timetable.ts'
import { type Change, changeTrigger, deployTrigger, findTrigger } from './trigger-documents.ts'

/** More would make a call longer than its client waits. */
const MAX_NAMES = 50

/**
 * Makes DeployTrigger, which replaces a trigger of the same name: the revision that the request names, or whichever
 * there is if it names none. It throws `request_invalid`, `project_not_found`, `task_not_found`, `document_changed`,
 * `scheduler_unavailable`.
 */
export function deployTriggerMethod(deps: ServiceDeps) {
  return async (request: DeployTriggerRequest, context: HandlerContext): Promise<DeployTriggerResponse> => {
    const name = required(request.name, 'name')
    const spec = required(request.spec, 'spec')
    const { project, domain, taskName } = name
    await deps.projects.assertExists(project)
    const version = { project, domain, name: taskName, version: spec.taskVersion }
    if ((await deps.deployedTasks.find(version)) === undefined) throw new ServiceError('task_not_found')
    const { automationSpec } = request
    timetableOf(automationSpec)
    const trigger = { name, spec, automationSpec, replaces: Number(request.revision) }
    await deployTrigger(deps.documents, trigger, await changeBy(deps, context))
    await followTrigger(deps, name)
    return create(DeployTriggerResponseSchema, { trigger: await findTrigger(deps.documents, name) })
  }
}

/**
 * Makes UpdateTriggers. It throws `trigger_not_found`, `scheduler_unavailable`; the triggers named before that one
 * are changed.
 */
export function updateTriggersMethod(deps: ServiceDeps) {
  return async (request: UpdateTriggersRequest, context: HandlerContext): Promise<UpdateTriggersResponse> => {
    const { active } = request
    const change = await changeBy(deps, context)
    await changeEach(deps, request.names, (details) => {
      if (details.spec === undefined || details.spec.active === active) return false
      details.spec.active = active
      return markChanged(details, change)
    })
    return create(UpdateTriggersResponseSchema)
  }
}

/**
 * Makes DeleteTriggers. It throws `trigger_not_found`, `scheduler_unavailable`; the triggers named before that one
 * are deleted.
 */
export function deleteTriggersMethod(deps: ServiceDeps) {
  return async (request: DeleteTriggersRequest, context: HandlerContext): Promise<DeleteTriggersResponse> => {
    const change = await changeBy(deps, context)
    await changeEach(deps, request.names, (details) => {
      details.status = { ...statusOf(details), deletedAt: timestampFromMs(change.atMs) }
      return markChanged(details, change)
    })
    return create(DeleteTriggersResponseSchema)
  }
}

async function changeBy(deps: ServiceDeps, context: HandlerContext): Promise<Change> {
  return { by: enrichedIdentityOf(await recordedCallerOf(deps, context)), atMs: deps.now() }
}

async function changeEach(
  deps: ServiceDeps,
  names: readonly TriggerName[],
  change: (details: TriggerDetails) => boolean,
): Promise<void> {
  if (names.length === 0 || names.length > MAX_NAMES) {
    throw new ServiceError('request_invalid', { message: `names has to have 1 to ${MAX_NAMES} items.` })
  }
  for (const name of names) {
    const found = await changeTrigger(deps.documents, name, change)
    // Also of one that is not there: its schedule may be left over from a call that failed halfway.
    await followTrigger(deps, name)
    if (!found) throw new ServiceError('trigger_not_found')
  }
}

function markChanged(details: TriggerDetails, { by, atMs }: Change): true {
  details.status = { ...statusOf(details), updatedAt: timestampFromMs(atMs) }
  details.metadata = { ...(details.metadata ?? create(TriggerMetadataSchema)), updatedBy: by }
  return true
}

function statusOf({ status }: TriggerDetails) {
  return status ?? create(TriggerStatusSchema)
}
