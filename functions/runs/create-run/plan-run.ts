/** What a request for a run comes to, once all of it that can be refused has been checked. Writes nothing. */
import { toBinary } from '@bufbuild/protobuf'
import { type RunSpec, RunSpecSchema } from '@flyteorg/flyteidl2/flyteidl2/task/run_pb.ts'
import type { CreateRunRequest } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { Labels, RunTrigger } from '../../shared/stores/run-store.ts'
import type { TaskToRun } from '../../shared/tasks/task-to-run.ts'
import type { RunsDeps } from '../deps.ts'
import { inputsOfRequest, type RunInputs } from './inputs.ts'
import { placeOfRequest, type RunPlace } from './run-place.ts'
import { taskOfRequest } from './task-of-request.ts'

/** An item holds 400 KB; what else is in it is small. */
export const MAX_RUN_SPEC_BYTES = 300 * 1024

/** Labels are copied into every index. */
export const MAX_LABELS_BYTES = 8 * 1024

export interface PlannedRun {
  readonly place: RunPlace
  readonly task: TaskToRun
  readonly inputs: RunInputs
  readonly runSpec: Uint8Array
  readonly labels: Labels | undefined
  readonly source: number
  /** Undefined for a run that no trigger made. */
  readonly trigger: RunTrigger | undefined
}

/**
 * Checks a request, in which a trigger has been replaced by what it stands for.
 *
 * @throws {ServiceError} `request_invalid`, `request_too_large`, `project_not_found`, `task_not_found`
 */
export async function planRun(
  deps: RunsDeps,
  { request, trigger }: { request: CreateRunRequest; trigger: RunTrigger | undefined },
): Promise<PlannedRun> {
  const place = placeOfRequest(request, deps.domains)
  const runSpec = runSpecBytes(request.runSpec)
  const [task] = await Promise.all([
    taskOfRequest(request, deps.tasks),
    deps.projects.assertExists(place.project),
  ])
  const inputs = await inputsOfRequest({ request, place, task, deps })
  const labels = labelsOf(request.runSpec)
  return { place, task, inputs, runSpec, labels, source: request.source, trigger }
}

/** The labels that runs are found by; every index has a copy of them. */
function labelsOf(runSpec: RunSpec | undefined): Labels | undefined {
  const labels = runSpec?.labels?.values ?? {}
  const entries = Object.entries(labels)
  if (Buffer.byteLength(JSON.stringify(entries)) > MAX_LABELS_BYTES) {
    throw new ServiceError('request_too_large', {
      message: `run_spec.labels is larger than ${MAX_LABELS_BYTES} bytes.`,
    })
  }
  return entries.length === 0 ? undefined : labels
}

function runSpecBytes(runSpec: RunSpec | undefined): Uint8Array {
  if (runSpec === undefined) return new Uint8Array()
  const bytes = toBinary(RunSpecSchema, runSpec)
  if (bytes.length > MAX_RUN_SPEC_BYTES) {
    throw new ServiceError('request_too_large', {
      message: `run_spec is larger than ${MAX_RUN_SPEC_BYTES} bytes.`,
    })
  }
  return bytes
}
