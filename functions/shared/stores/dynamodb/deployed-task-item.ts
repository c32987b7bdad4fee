/**
 * Deployed tasks as items of the Runs table, which the index byTask lists by time.
 *
 * | pk | sk | in byTask under | what |
 * |---|---|---|---|
 * | `TASK#project#domain#name` | `VERSION#version` | `#VERSIONS#project#domain#name` | a version |
 * | `TASKS#project#domain` | `NAME#name` | `#TASKS#project#domain` | the newest version of a name |
 *
 * The partitions in byTask have more parts than that of the runs of any task, so that the two never meet.
 */
import type { DeployedTask, TaskQuery, TaskSummary } from '../deployed-task-store.ts'
import type { TaskVersion } from '../task-store.ts'
import { bytes, bytesOf, type Item, number, numberOf, presentOnly, text, textOf } from './attributes.ts'
import { joinKey, splitKey } from './keys.ts'
import { createdAtBound } from './run-item.ts'

type TaskName = Pick<TaskVersion, 'project' | 'domain' | 'name'>

export function versionKey({ project, domain, name, version }: TaskVersion): Item {
  return { pk: text(joinKey('TASK', project, domain, name)), sk: text(joinKey('VERSION', version)) }
}

export function newestKey({ project, domain, name }: TaskName): Item {
  return { pk: text(joinKey('TASKS', project, domain)), sk: text(joinKey('NAME', name)) }
}

/** The partition of a list in the index. */
export function listKey({ project, domain, name }: Omit<TaskQuery, 'matches' | 'newestFirst'>): string {
  if (name === undefined) return joinKey('', 'TASKS', project, domain)
  return joinKey('', 'VERSIONS', project, domain, name)
}

/** Orders a list by time; no two items of one list have the same one. */
export function orderOf(deployedAtMs: number, name: string): string {
  return joinKey(createdAtBound(deployedAtMs), name)
}

/** The primary key of what has this place in a list; undefined if the place is none. */
export function keyOfOrder(query: TaskQuery, order: string): Item | undefined {
  const [, last, ...more] = splitKey(order)
  if (last === undefined || more.length > 0) return undefined
  const { project, domain, name } = query
  if (name === undefined) return newestKey({ project, domain, name: last })
  return versionKey({ project, domain, name, version: last })
}

const optionalText = (value: string) => (value === '' ? undefined : text(value))

/** What is told about a version, in both of its items. Undefined where there is nothing to tell. */
export function attributesOf({
  task,
  deployedBy,
  isEntrypoint,
}: DeployedTask): Record<string, Item[string] | undefined> {
  return {
    taskProject: text(task.project),
    taskDomain: text(task.domain),
    taskName: text(task.name),
    taskVersion: text(task.version),
    taskType: optionalText(task.type),
    shortName: optionalText(task.shortName),
    environmentName: optionalText(task.environmentName),
    executedBy: deployedBy && bytes(deployedBy),
    // Labels are copied into the index, and this is what a task is found by.
    labels: { M: isEntrypoint ? { [ENTRYPOINT]: text('true') } : {} },
  }
}

const ENTRYPOINT = 'isEntrypoint'

/** The item that stands for the newest version of a task. */
export function newestItem(task: DeployedTask): Item {
  return presentOnly({
    ...newestKey(task.task),
    ...attributesOf(task),
    taskKey: text(listKey({ ...task.task, name: undefined })),
    createdAtKey: text(orderOf(task.deployedAtMs, task.task.name)),
    updatedAt: number(task.deployedAtMs),
  })
}

/** What the index projects, read back. */
export function summaryOfItem(item: Item): TaskSummary {
  return {
    task: {
      project: textOf(item, 'taskProject'),
      domain: textOf(item, 'taskDomain'),
      name: textOf(item, 'taskName'),
      version: textOf(item, 'taskVersion'),
      type: textOf(item, 'taskType'),
      shortName: textOf(item, 'shortName'),
      environmentName: textOf(item, 'environmentName'),
    },
    deployedAtMs: numberOf(item, 'updatedAt') ?? 0,
    deployedBy: bytesOf(item, 'executedBy'),
    isEntrypoint: item.labels?.M?.[ENTRYPOINT] !== undefined,
  }
}

/** A version's item, read back. */
export function taskOfItem(item: Item, { project, domain, name, version }: TaskVersion): DeployedTask {
  const summary = summaryOfItem(item)
  return {
    ...summary,
    task: { ...summary.task, project, domain, name, version },
    specDigest: textOf(item, 'taskSpecDigest'),
  }
}
