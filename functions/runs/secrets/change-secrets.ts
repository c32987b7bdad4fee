/**
 * `SecretService.CreateSecret`, `UpdateSecret` and `DeleteSecret`. Repeated with the same `x-request-id`, as the SDK
 * does after a failure, they change nothing more and say what they said the first time.
 *
 * Secrets Manager decides what there is; the record that lists are made from follows. A call that fails in between
 * says so, and the repetition writes the record.
 */
import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import type { SecretIdentifier, SecretSpec } from '@flyteorg/flyteidl2/flyteidl2/secret/definition_pb.ts'
import {
  type CreateSecretRequest,
  type CreateSecretResponse,
  CreateSecretResponseSchema,
  type DeleteSecretRequest,
  type DeleteSecretResponse,
  DeleteSecretResponseSchema,
  type UpdateSecretRequest,
  type UpdateSecretResponse,
  UpdateSecretResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/secret/payload_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { callerKey } from '../../shared/identity/caller-gate.ts'
import { required } from '../../shared/rpc/required.ts'
import { requestKey } from '../../shared/rpc/router.ts'
import { MAX_SECRET_BYTES, type SecretToKeep } from '../../shared/stores/secret-vault.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { keptName, placeOf, type SecretPlace } from './secret-place.ts'
import { changeRecord, findRecord } from './secret-records.ts'

/** Makes CreateSecret. It throws `request_invalid`, `request_too_large`, `project_not_found`, `secret_exists`. */
export function createSecretMethod(deps: ServiceDeps) {
  return async (
    { id, secretSpec }: CreateSecretRequest,
    context: HandlerContext,
  ): Promise<CreateSecretResponse> => {
    const { place, secret, type } = await plan(deps, context, { id, secretSpec, operation: 'create' })
    const outcome = await deps.vault.create(secret)
    if (outcome === 'removed') await deps.vault.restore(secret.name)
    if (outcome !== 'created') await takeOver(deps, place, secret, outcome)
    await changeRecord(deps.documents, place, (current) =>
      current === undefined || current.removedBy !== undefined
        ? { type, createdAtMs: deps.now() }
        : { ...current, type },
    )
    return create(CreateSecretResponseSchema)
  }
}

/**
 * Gives the name of a secret that was removed to the new one. Of several that are made at once under such a name, the
 * value of the last stays, as if it had been updated.
 *
 * @throws {ServiceError} `secret_exists`
 */
async function takeOver(
  { vault, documents }: ServiceDeps,
  place: SecretPlace,
  secret: SecretToKeep,
  outcome: 'exists' | 'removed',
): Promise<void> {
  // One that is there although its record says removed was brought back by a call that did not get any further.
  const isFree = outcome === 'removed' || (await findRecord(documents, place))?.removedBy !== undefined
  if (!isFree || (await vault.replace(secret)) !== 'replaced') throw new ServiceError('secret_exists')
}

/** Makes UpdateSecret. It throws `request_invalid`, `request_too_large`, `project_not_found`, `secret_not_found`. */
export function updateSecretMethod(deps: ServiceDeps) {
  return async (
    { id, secretSpec }: UpdateSecretRequest,
    context: HandlerContext,
  ): Promise<UpdateSecretResponse> => {
    const { place, secret, type } = await plan(deps, context, { id, secretSpec, operation: 'update' })
    const outcome = await deps.vault.replace(secret)
    if (outcome === 'absent') throw new ServiceError('secret_not_found')
    if (outcome === 'conflict') {
      throw new ServiceError('request_invalid', { message: 'x-request-id was used for another value.' })
    }
    await changeRecord(deps.documents, place, (current) => {
      if (current === undefined || current.removedBy !== undefined) return { type, createdAtMs: deps.now() }
      return current.type === type ? current : { ...current, type }
    })
    return create(UpdateSecretResponseSchema)
  }
}

/** Makes DeleteSecret. It throws `request_invalid`, `project_not_found`, `secret_not_found`. */
export function deleteSecretMethod(deps: ServiceDeps) {
  return async ({ id }: DeleteSecretRequest, context: HandlerContext): Promise<DeleteSecretResponse> => {
    const place = await placeOf(deps, id)
    const name = keptName(deps.secretPrefix, place)
    const removedBy = requestToken(context, ['delete', name])
    const outcome = await deps.vault.remove(name)
    let isOurs = outcome === 'removed'
    await changeRecord(deps.documents, place, (current) => {
      if (current === undefined) return undefined
      // Without the secret, what is recorded of it is out of date, whoever removed it, and goes as it was asked to.
      isOurs ||= current.removedBy === undefined || current.removedBy === removedBy
      return current.removedBy === undefined ? { ...current, removedBy } : current
    })
    if (!isOurs) throw new ServiceError('secret_not_found')
    return create(DeleteSecretResponseSchema)
  }
}

interface Received {
  readonly id: SecretIdentifier | undefined
  readonly secretSpec: SecretSpec | undefined
  readonly operation: 'create' | 'update'
}

async function plan(deps: ServiceDeps, context: HandlerContext, { id, secretSpec, operation }: Received) {
  const { value: received, type } = required(secretSpec, 'secret_spec')
  const value = receivedValue(received)
  const place = await placeOf(deps, id)
  const name = keptName(deps.secretPrefix, place)
  const secret: SecretToKeep = { name, value, requestToken: requestToken(context, [operation, name]) }
  return { place, secret, type }
}

/**
 * The value to keep. The command line sends every value as bytes: those of a text are kept as that text, because
 * containers on ECS and Batch can be given no other secret.
 */
function receivedValue({ value }: SecretSpec['value']): string | Uint8Array {
  if (value === undefined || value.length === 0) {
    throw new ServiceError('request_invalid', { message: 'secret_spec.value must not be empty.' })
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  if (bytes.length > MAX_SECRET_BYTES) {
    throw new ServiceError('request_too_large', {
      message: `secret_spec.value is larger than the ${MAX_SECRET_BYTES} bytes that a secret may have.`,
    })
  }
  const isText = isUtf8(bytes) && !bytes.includes(0)
  return isText ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') : bytes
}

/** What a repeated request has in common with the first one. The value is no part of it: the token can be seen. */
function requestToken(context: HandlerContext, parts: readonly string[]): string {
  const { issuer, subject } = context.values.get(callerKey).caller
  const { requestId } = context.values.get(requestKey)
  return hash('sha256', JSON.stringify([issuer, subject, requestId, ...parts]))
}
