/** The inputs of a run: uploaded before, or sent along and written to the bucket. */
import { hash } from 'node:crypto'
import { create, toBinary } from '@bufbuild/protobuf'
import {
  type Inputs,
  InputsSchema,
  type NamedParameter,
} from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import type { CreateRunRequest } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import type { TaskToRun } from '../../shared/tasks/task-to-run.ts'
import type { RunsDeps } from '../deps.ts'
import type { RunPlace } from './run-place.ts'

export interface RunInputs {
  /** The file of inputs; empty if there are none. */
  readonly uri: string
  readonly hash: string
  /** What has to be written to {@link uri} before the run is made. */
  readonly toStore: Uint8Array | undefined
}

const NO_INPUTS: RunInputs = { uri: '', hash: '', toStore: undefined }

interface InputsOptions {
  readonly request: CreateRunRequest
  readonly place: RunPlace
  readonly task: TaskToRun
  readonly deps: Pick<RunsDeps, 'storagePrefix'>
}

/**
 * Says where the inputs of a run are. Uploaded ones are taken as they are; inline ones get the task's defaults for
 * what they leave out, and a place under their digest, so that the same inputs are one object and no request
 * overwrites another one's.
 */
export async function inputsOfRequest({ request, place, task, deps }: InputsOptions): Promise<RunInputs> {
  const { inputWrapper } = request
  if (inputWrapper.case === 'offloadedInputData') {
    const { uri, inputsHash } = inputWrapper.value
    return { uri: `${uri.replace(/\/+$/, '')}/inputs.pb`, hash: inputsHash, toStore: undefined }
  }
  const inputs = withDefaults(inputWrapper.value, await task.defaultInputs())
  const bytes = toBinary(InputsSchema, inputs)
  if (bytes.length === 0) return NO_INPUTS
  const digest = hash('sha256', bytes, 'base64url')
  const directory = [deps.storagePrefix, place.project, place.domain, 'offloaded-inputs', digest]
  return { uri: [...directory, 'inputs.pb'].join('/'), hash: digest, toStore: bytes }
}

function withDefaults(sent: Inputs | undefined, defaults: readonly NamedParameter[]): Inputs {
  const inputs = sent ?? create(InputsSchema)
  const named = new Set(inputs.literals.map(({ name }) => name))
  const missing = defaults.flatMap(({ name, parameter }) => {
    if (named.has(name) || parameter?.behavior.case !== 'default') return []
    return [{ name, value: parameter.behavior.value }]
  })
  if (missing.length === 0) return inputs
  // A copy of the list only: fields that this version does not know stay with the message.
  return {
    ...inputs,
    literals: [...inputs.literals, ...create(InputsSchema, { literals: missing }).literals],
  }
}
