/** `DataProxyService.CreateDownloadLink`: a link to the report of an attempt, or to the code of a task. */
import { create, fromBinary } from '@bufbuild/protobuf'
import { durationMs, timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  ArtifactType,
  type CreateDownloadLinkRequest,
  type CreateDownloadLinkResponse,
  CreateDownloadLinkResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { TaskSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { findAction } from '../actions.ts'
import { reportedAttempt } from '../attempts.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { lifetimeSecondsOf } from './lifetime.ts'
import { assertOwn } from './own-storage.ts'

/**
 * Makes the method. Does not check that the file is there: whoever executes an action may still write it.
 *
 * It throws `request_invalid`, `action_not_found`, `task_not_found`, `artifact_not_found`, `data_elsewhere`, and
 * `rpc_unimplemented` for artifacts of other things.
 */
export function createDownloadLinkMethod(deps: ServiceDeps) {
  return async (request: CreateDownloadLinkRequest): Promise<CreateDownloadLinkResponse> => {
    const uri = await uriOf(deps, request)
    if (uri === '') throw new ServiceError('artifact_not_found')
    assertOwn(deps.storagePrefix, uri)
    const lifetimeSeconds = lifetimeSecondsOf(request.expiresIn && durationMs(request.expiresIn))
    const signedUrl = [await deps.links.forDownload(uri, lifetimeSeconds)]
    const expiresAt = timestampFromMs(deps.now() + lifetimeSeconds * 1000)
    return create(CreateDownloadLinkResponseSchema, { preSignedUrls: { signedUrl, expiresAt } })
  }
}

async function uriOf(deps: ServiceDeps, request: CreateDownloadLinkRequest): Promise<string> {
  const { artifactType, source } = request
  if (source.case === 'actionAttemptId' && artifactType === ArtifactType.REPORT) {
    return reportUri(deps, source.value)
  }
  if (source.case === 'taskId' && artifactType === ArtifactType.CODE_BUNDLE) {
    const task = await deps.tasks.findTask(source.value)
    if (task === undefined) throw new ServiceError('task_not_found')
    const bytes = await deps.tasks.findSpec(task.specDigest)
    return bytes ? (fromBinary(TaskSpecSchema, bytes).taskTemplate?.metadata?.codeBundleUri ?? '') : ''
  }
  if (source.case === undefined) {
    throw new ServiceError('request_invalid', { message: 'action_attempt_id or task_id is required.' })
  }
  throw new ServiceError('rpc_unimplemented', {
    message: 'This deployment links to reports of attempts and to code bundles of tasks only.',
  })
}

type AttemptId = Extract<CreateDownloadLinkRequest['source'], { case: 'actionAttemptId' }>['value']

/** As it was reported, or beside the outputs. */
async function reportUri(deps: ServiceDeps, { actionId, attempt }: AttemptId): Promise<string> {
  const { action } = await findAction(deps, actionId)
  const { outputs } = reportedAttempt(action, attempt) ?? {}
  if (outputs?.reportUri) return outputs.reportUri
  const outputUri = outputs?.outputUri || (attempt === action.attempts ? action.outputsUri : '')
  return outputUri === '' ? '' : `${outputUri.slice(0, outputUri.lastIndexOf('/'))}/report.html`
}
