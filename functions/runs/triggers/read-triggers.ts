/** `TriggerService.GetTriggerDetails` and `ListTriggers`. */
import { create } from '@bufbuild/protobuf'
import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import {
  TriggerSchema,
  TriggerStatusSchema,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import {
  type GetTriggerDetailsRequest,
  type GetTriggerDetailsResponse,
  GetTriggerDetailsResponseSchema,
  type ListTriggersRequest,
  type ListTriggersResponse,
  ListTriggersResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import { RunSource } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import type { DocumentStore, StoredDocument } from '../../shared/stores/document-store.ts'
import { NONE } from '../filters.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import { everyPlace } from '../projects/places.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { collectionOf, findTrigger, readTrigger } from './trigger-documents.ts'

/** Makes GetTriggerDetails, the only one that says when the trigger fired last. It throws `trigger_not_found`. */
export function getTriggerDetailsMethod({ documents, runs }: Pick<ServiceDeps, 'documents' | 'runs'>) {
  return async (request: GetTriggerDetailsRequest): Promise<GetTriggerDetailsResponse> => {
    const name = required(request.name, 'name')
    const [trigger, triggeredAt] = await Promise.all([findTrigger(documents, name), lastFired(runs, name)])
    if (trigger === undefined) throw new ServiceError('trigger_not_found')
    trigger.status = {
      ...(trigger.status ?? create(TriggerStatusSchema)),
      ...(triggeredAt && { triggeredAt }),
    }
    return create(GetTriggerDetailsResponseSchema, { trigger })
  }
}

/** When the newest run was made that the schedule of a trigger asked for, among its last runs. */
async function lastFired(runs: ServiceDeps['runs'], name: TriggerName): Promise<Timestamp | undefined> {
  const { project, domain, taskName, name: trigger } = name
  const scope = { kind: 'trigger', project, domain, taskName, name: trigger } as const
  const page = await runs.list({ scope, ...NONE, newestFirst: true }, { limit: 20, after: undefined })
  const run = page.runs.find(({ source }) => source === RunSource.SCHEDULE_TRIGGER)
  return run && timestampFromMs(run.createdAtMs)
}

/**
 * Makes ListTriggers: of a project, of a task, of one version of it or of all, ordered by project, task and name. Filters are refused. A page can be
 * shorter than its limit and still have a next one. It throws `request_invalid`, `page_token_invalid`.
 */
export function listTriggersMethod(deps: Pick<ServiceDeps, 'documents' | 'projects' | 'domains'>) {
  return async ({ request, scopeBy }: ListTriggersRequest): Promise<ListTriggersResponse> => {
    if (request?.filters.length || request?.rawFilters.length) {
      throw new ServiceError('request_invalid', { message: 'request.filters: triggers have no filters.' })
    }
    const { org, list, collections, startsWith, version } = await listOf(scopeBy, deps)
    const after = readPageToken(list, request?.token ?? '')
    const page = await readPage(deps.documents, {
      collections,
      startsWith,
      limit: pageLimit(request?.limit ?? 0),
      after: after === undefined ? undefined : (JSON.parse(after) as Place),
    })
    const triggers = page.documents.flatMap((document) => {
      const details = readTrigger(document, org)
      const isOther = version !== undefined && details?.spec?.taskVersion !== version
      if (details === undefined || isOther) return []
      const { id, metadata, status, automationSpec, spec } = details
      return [create(TriggerSchema, { id, metadata, status, automationSpec, active: spec?.active ?? false })]
    })
    const next = page.next && JSON.stringify(page.next)
    return create(ListTriggersResponseSchema, { triggers, token: makePageToken(list, next) })
  }
}

/** Where a page ended: in a collection, by the name of its key, after one of its documents or before all of them. */
interface Place {
  readonly collection: string
  readonly after: string | undefined
}

interface Collections {
  readonly collections: readonly (readonly string[])[]
  readonly startsWith: readonly string[]
}

/** Reads one collection after the other, until there are enough. */
async function readPage(
  documents: DocumentStore,
  of: Collections & { limit: number; after: Place | undefined },
): Promise<{ documents: StoredDocument[]; next: Place | undefined }> {
  const { collections, startsWith, limit, after } = of
  const found: StoredDocument[] = []
  const nameOf = (collection: readonly string[]) => JSON.stringify(collection)
  // Projects that were made since the last page, and come before its end, are not on the next one.
  const left = collections.filter((one) => after === undefined || nameOf(one) >= after.collection)
  for (const [i, collection] of left.entries()) {
    const start = after?.collection === nameOf(collection) ? after.after : undefined
    const from = { collection, startsWith }
    const page = await documents.list(from, { limit: limit - found.length, after: start })
    found.push(...page.documents)
    if (page.next !== undefined) {
      return { documents: found, next: { collection: nameOf(collection), after: page.next } }
    }
    const following = left[i + 1]
    if (found.length >= limit && following) {
      return { documents: found, next: { collection: nameOf(following), after: undefined } }
    }
  }
  return { documents: found, next: undefined }
}

async function listOf(
  scopeBy: ListTriggersRequest['scopeBy'],
  deps: Pick<ServiceDeps, 'projects' | 'domains'>,
): Promise<Collections & { org: string; list: unknown; version?: string }> {
  switch (scopeBy.case) {
    case 'projectId': {
      const { organization, name: project, domain } = scopeBy.value
      const collection = collectionOf({ project, domain })
      return { org: organization, list: collection, collections: [collection], startsWith: [] }
    }
    case 'taskId': {
      const { org, name, version } = scopeBy.value
      const collection = collectionOf(scopeBy.value)
      return {
        org,
        list: [collection, name, version],
        collections: [collection],
        startsWith: [name],
        version,
      }
    }
    case 'taskName': {
      const { org, name } = scopeBy.value
      const collection = collectionOf(scopeBy.value)
      return { org, list: [collection, name], collections: [collection], startsWith: [name] }
    }
    case 'org': {
      const collections = (await everyPlace(deps)).map(collectionOf)
      const sorted = collections.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      return { org: scopeBy.value, list: 'TRIGGERS', collections: sorted, startsWith: [] }
    }
    default:
      throw new ServiceError('request_invalid', {
        message: 'project_id, task_name, task_id or org is required.',
      })
  }
}
