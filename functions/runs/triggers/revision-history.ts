/** `TriggerService.GetTriggerRevisionDetails` and `GetTriggerRevisionHistory`. */
import { create, toBinary } from '@bufbuild/protobuf'
import type { TriggerName } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import {
  type TriggerDetails,
  type TriggerRevision,
  TriggerRevisionAction,
  TriggerRevisionSchema,
  TriggerSpecSchema,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_definition_pb.ts'
import {
  type GetTriggerRevisionDetailsRequest,
  type GetTriggerRevisionDetailsResponse,
  GetTriggerRevisionDetailsResponseSchema,
  type GetTriggerRevisionHistoryRequest,
  type GetTriggerRevisionHistoryResponse,
  GetTriggerRevisionHistoryResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import type { StoredDocument } from '../../shared/stores/document-store.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { findRevision, revisionsBefore } from './revisions.ts'
import { documentOf, readRevision } from './trigger-documents.ts'

type Deps = Pick<ServiceDeps, 'documents'>

/** Makes GetTriggerRevisionDetails: also of triggers that were deleted. It throws `trigger_not_found`. */
export function getTriggerRevisionDetailsMethod({ documents }: Deps) {
  return async ({ id }: GetTriggerRevisionDetailsRequest): Promise<GetTriggerRevisionDetailsResponse> => {
    const name = required(id?.name, 'id.name')
    const revision = Number(id?.revision ?? 0n)
    const last = await documents.find(documentOf(name))
    const document = last?.version === revision ? last : await findRevision(documents, name, revision)
    if (document === undefined) throw new ServiceError('trigger_not_found')
    return create(GetTriggerRevisionDetailsResponseSchema, { trigger: readRevision(document, name.org) })
  }
}

/**
 * Makes GetTriggerRevisionHistory: the last revision first, also of triggers that were deleted. Filters and orders
 * are refused. It throws `trigger_not_found`, `request_invalid`, `page_token_invalid`.
 */
export function getTriggerRevisionHistoryMethod({ documents }: Deps) {
  return async (request: GetTriggerRevisionHistoryRequest): Promise<GetTriggerRevisionHistoryResponse> => {
    const name = required(request.name, 'name')
    const { filters = [], rawFilters = [], limit = 0, token = '' } = request.request ?? {}
    if (filters.length > 0 || rawFilters.length > 0) {
      throw new ServiceError('request_invalid', { message: 'request.filters: revisions have no filters.' })
    }
    const list = ['TRIGGERREVISIONS', name.project, name.domain, name.taskName, name.name]
    const after = readPageToken(list, token)
    const size = pageLimit(limit)
    // One more than is shown, which the last of them is compared with.
    const found =
      after === undefined
        ? await firstRevisions(documents, name, size + 1)
        : await revisionsBefore(documents, name, { revision: Number(after), limit: size + 1 })
    const read = found.map((document) => readRevision(document, name.org))
    const shown = read.slice(0, size).map((details, i) => revisionOf(details, read[i + 1]))
    const next = read.length > size ? String(found[size - 1]?.version) : undefined
    return create(GetTriggerRevisionHistoryResponseSchema, {
      triggers: shown,
      token: makePageToken(list, next),
    })
  }
}

async function firstRevisions(
  documents: Deps['documents'],
  name: TriggerName,
  limit: number,
): Promise<StoredDocument[]> {
  const last = await documents.find(documentOf(name))
  if (last === undefined) throw new ServiceError('trigger_not_found')
  const before = { revision: last.version, limit: limit - 1 }
  return [last, ...(await revisionsBefore(documents, name, before))]
}

function revisionOf(details: TriggerDetails, before: TriggerDetails | undefined): TriggerRevision {
  const { id, metadata, status } = details
  const createdAt = status?.deletedAt ?? status?.updatedAt
  return create(TriggerRevisionSchema, { id, metadata, status, createdAt, action: actionOf(details, before) })
}

/** What made a revision: seen from what it changed. */
function actionOf(details: TriggerDetails, before: TriggerDetails | undefined): TriggerRevisionAction {
  if (details.status?.deletedAt) return TriggerRevisionAction.DELETE
  if (before === undefined || before.status?.deletedAt || !differsInActiveOnly(details, before)) {
    return TriggerRevisionAction.DEPLOY
  }
  return details.spec?.active ? TriggerRevisionAction.ACTIVATE : TriggerRevisionAction.DEACTIVATE
}

function differsInActiveOnly({ spec }: TriggerDetails, { spec: before }: TriggerDetails): boolean {
  if (spec === undefined || before === undefined || spec.active === before.active) return false
  const [a, b] = [spec, before].map((one) => toBinary(TriggerSpecSchema, { ...one, active: true }))
  return Buffer.compare(a as Uint8Array, b as Uint8Array) === 0
}
