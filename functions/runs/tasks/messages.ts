/** Deployed tasks as the messages that clients read. */
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type Task,
  TaskIdentifierSchema,
  type TaskMetadata,
  TaskMetadataSchema,
  TaskSchema,
} from '@flyteorg/flyteidl2/flyteidl2/task/task_definition_pb.ts'
import { readEnrichedIdentity } from '../../shared/identity/enriched-identity.ts'
import type { TaskSummary } from '../../shared/stores/deployed-task-store.ts'

/** The lightweight form, as lists show it. */
export function taskOf(summary: TaskSummary, org: string): Task {
  const { project, domain, name, version } = summary.task
  return create(TaskSchema, {
    taskId: create(TaskIdentifierSchema, { org, project, domain, name, version }),
    metadata: taskMetadataOf(summary),
  })
}

/** Who deployed a task and when, and how it is called. */
export function taskMetadataOf({ task, deployedAtMs, deployedBy }: TaskSummary): TaskMetadata {
  return create(TaskMetadataSchema, {
    deployedBy: readEnrichedIdentity(deployedBy),
    deployedAt: timestampFromMs(deployedAtMs),
    shortName: task.shortName,
    environmentName: task.environmentName,
  })
}
