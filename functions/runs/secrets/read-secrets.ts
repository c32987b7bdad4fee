/** `SecretService.GetSecret` and `ListSecrets`: what there is, and never its value. */
import { create } from '@bufbuild/protobuf'
import { SecretType } from '@flyteorg/flyteidl2/flyteidl2/secret/definition_pb.ts'
import {
  type GetSecretRequest,
  type GetSecretResponse,
  GetSecretResponseSchema,
  type ListSecretsRequest,
  type ListSecretsResponse,
  ListSecretsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/secret/payload_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { keptName, placeOf, scopeOf } from './secret-place.ts'
import { findRecord, recordIn, SECRETS_COLLECTION, secretMessage } from './secret-records.ts'

/**
 * Makes GetSecret, which finds the secret of exactly that place and none of a broader one. It throws
 * `request_invalid`, `project_not_found`, `secret_not_found`.
 */
export function getSecretMethod(deps: ServiceDeps) {
  return async ({ id }: GetSecretRequest): Promise<GetSecretResponse> => {
    const place = await placeOf(deps, id)
    const [kept, record] = await Promise.all([
      deps.vault.describe(keptName(deps.secretPrefix, place)),
      findRecord(deps.documents, place),
    ])
    if (kept === undefined) throw new ServiceError('secret_not_found')
    const isRecorded = record !== undefined && record.removedBy === undefined
    const known = isRecorded ? record : { type: SecretType.GENERIC, createdAtMs: kept.createdAtMs }
    return create(GetSecretResponseSchema, { secret: secretMessage(place, id?.organization ?? '', known) })
  }
}

/**
 * Makes ListSecrets: those of a scope and of the narrower ones in it, ordered by domain, project and name. A page can
 * be shorter than its limit and still have a next one. It throws `request_invalid`, `project_not_found`,
 * `page_token_invalid`.
 */
export function listSecretsMethod(deps: ServiceDeps) {
  return async (request: ListSecretsRequest): Promise<ListSecretsResponse> => {
    const { domain, project } = await scopeOf(deps, request, '')
    const from = {
      collection: SECRETS_COLLECTION,
      startsWith: [domain, project].filter((part) => part !== ''),
    }
    const page = await deps.documents.list(from, {
      limit: pageLimit(request.limit),
      after: readPageToken(from, request.token),
    })
    const secrets = page.documents.flatMap((document) => {
      const [ofDomain = '', ofProject = '', name = ''] = document.name
      const record = recordIn(document)
      if (record === undefined || record.removedBy !== undefined) return []
      return [secretMessage({ domain: ofDomain, project: ofProject, name }, request.organization, record)]
    })
    return create(ListSecretsResponseSchema, { secrets, token: makePageToken(from, page.next) })
  }
}
