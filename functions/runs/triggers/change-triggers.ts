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
import { type Change, changeTrigger, deployTrigger, findTrigger } from './trigger-documents.ts'

/** More would make a call longer than its client waits. */
const MAX_NAMES = 50

/**
 * Makes DeployTrigger, which replaces a trigger of the same name; the revision in the request is not looked at.
 * It throws `request_invalid`, `project_not_found`, `task_not_found`.
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
    await deployTrigger(deps.documents, { name, spec, automationSpec }, await changeBy(deps, context))
    return create(DeployTriggerResponseSchema, { trigger: await findTrigger(deps.documents, name) })
  }
}

/** Makes UpdateTriggers. It throws `trigger_not_found`; the triggers named before that one are changed. */
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

/** Makes DeleteTriggers. It throws `trigger_not_found`; the triggers named before that one are deleted. */
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
  { documents }: ServiceDeps,
  names: readonly TriggerName[],
  change: (details: TriggerDetails) => boolean,
): Promise<void> {
  if (names.length === 0 || names.length > MAX_NAMES) {
    throw new ServiceError('request_invalid', { message: `names has to have 1 to ${MAX_NAMES} items.` })
  }
  for (const name of names) {
    if (!(await changeTrigger(documents, name, change))) throw new ServiceError('trigger_not_found')
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
