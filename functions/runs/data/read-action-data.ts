/** The inputs and outputs of an action, as far as they fit into an answer. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { fromBinary } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import type { ActionIdentifier } from '@flyteorg/flyteidl2/flyteidl2/common/identifier_pb.ts'
import {
  type Inputs,
  InputsSchema,
  type Outputs,
  OutputsSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { requestKey } from '../../shared/rpc/router.ts'
import { dataTooLarge } from '../../shared/stores/object-store.ts'
import { findAction } from '../actions.ts'
import type { RunsDeps } from '../deps.ts'
import { assertOwn } from './own-storage.ts'

/** What fits into the load balancer's 1 MB as base64. */
const MAX_ANSWER_BYTES = 700_000
/** More is not even read: it does not compress that far. */
const MAX_READ_BYTES = 32 * 1024 * 1024

const gzipAsync = promisify(gzip)

export interface ActionData {
  readonly inputs: Inputs
  readonly outputs: Outputs
}

/** What reading takes. */
export type ActionDataDeps = Pick<RunsDeps, 'actions' | 'objects' | 'storagePrefix'>

/**
 * Reads the data of an action. What there is none of yet is empty.
 *
 * @throws {ServiceError} `action_not_found`; `data_elsewhere`; `data_too_large`, which says how large;
 *   `data_unreadable` for a file that is not what it should be.
 */
export async function readActionData(
  { actions, objects, storagePrefix }: ActionDataDeps,
  actionId: ActionIdentifier | undefined,
  context: HandlerContext,
): Promise<ActionData> {
  const { action } = await findAction({ actions }, actionId)
  const read = async (uri: string) => {
    if (uri === '') return new Uint8Array()
    assertOwn(storagePrefix, uri)
    return (await objects.find(uri, MAX_READ_BYTES)) ?? new Uint8Array()
  }
  const [inputs, outputs] = await Promise.all([read(action.inputsUri), read(action.outputsUri)])
  await assertPasses([inputs, outputs], context)
  try {
    return { inputs: fromBinary(InputsSchema, inputs), outputs: fromBinary(OutputsSchema, outputs) }
  } catch (cause) {
    throw new ServiceError('data_unreadable', { cause })
  }
}

async function assertPasses(parts: readonly Uint8Array[], context: HandlerContext): Promise<void> {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0)
  if (bytes <= MAX_ANSWER_BYTES) return
  const accepts = context.values.get(requestKey).headers['accept-encoding']?.join(', ') ?? ''
  if (!/\bgzip\b/.test(accepts)) throw dataTooLarge(bytes)
  const compressed = await Promise.all(parts.map((part) => gzipAsync(part, { level: 4 })))
  if (compressed.reduce((sum, { length }) => sum + length, 0) > MAX_ANSWER_BYTES) throw dataTooLarge(bytes)
}
