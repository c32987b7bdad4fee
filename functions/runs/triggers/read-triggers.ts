/** `TriggerService.GetTriggerDetails` and `ListTriggers`. */
import { create } from '@bufbuild/protobuf'
import { TriggerSchema } from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import {
  type GetTriggerDetailsRequest,
  type GetTriggerDetailsResponse,
  GetTriggerDetailsResponseSchema,
  type ListTriggersRequest,
  type ListTriggersResponse,
  ListTriggersResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { collectionOf, findTrigger, readTrigger } from './trigger-documents.ts'

/** Makes GetTriggerDetails. It throws `trigger_not_found`. */
export function getTriggerDetailsMethod({ documents }: Pick<ServiceDeps, 'documents'>) {
  return async (request: GetTriggerDetailsRequest): Promise<GetTriggerDetailsResponse> => {
    const trigger = await findTrigger(documents, required(request.name, 'name'))
    if (trigger === undefined) throw new ServiceError('trigger_not_found')
    return create(GetTriggerDetailsResponseSchema, { trigger })
  }
}

/**
 * Makes ListTriggers: of a project or of a task, ordered by task and name. Filters are refused. A page can be
 * shorter than its limit and still have a next one. It throws `request_invalid`, `page_token_invalid`.
 */
export function listTriggersMethod({ documents }: Pick<ServiceDeps, 'documents'>) {
  return async ({ request, scopeBy }: ListTriggersRequest): Promise<ListTriggersResponse> => {
    if (request?.filters.length || request?.rawFilters.length) {
      throw new ServiceError('request_invalid', { message: 'request.filters: triggers have no filters.' })
    }
    const { org, ...from } = placeOf(scopeBy)
    const page = await documents.list(from, {
      limit: pageLimit(request?.limit ?? 0),
      after: readPageToken(from, request?.token ?? ''),
    })
    const triggers = page.documents.flatMap((document) => {
      const details = readTrigger(document, org)
      if (details === undefined) return []
      const { id, metadata, status, automationSpec, spec } = details
      return [create(TriggerSchema, { id, metadata, status, automationSpec, active: spec?.active ?? false })]
    })
    return create(ListTriggersResponseSchema, { triggers, token: makePageToken(from, page.next) })
  }
}

function placeOf(scopeBy: ListTriggersRequest['scopeBy']) {
  switch (scopeBy.case) {
    case 'projectId': {
      const { organization, name: project, domain } = scopeBy.value
      return { org: organization, collection: collectionOf({ project, domain }), startsWith: [] }
    }
    case 'taskId':
    case 'taskName': {
      const { org, name } = scopeBy.value
      return { org, collection: collectionOf(scopeBy.value), startsWith: [name] }
    }
    case undefined:
      throw new ServiceError('request_invalid', { message: 'project_id, task_name or task_id is required.' })
    default:
      throw new ServiceError('rpc_unimplemented', {
        message: 'This deployment lists triggers by project_id, task_name or task_id only.',
      })
  }
}
