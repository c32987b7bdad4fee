/**
 * Runs with an action that waits for somebody. Few do at any time, so that all of them are read and looked at here,
 * instead of being kept in order by an index of their own.
 */
import type { RunKey, RunPage, RunPageRequest, RunQuery, StoredRun } from '../../shared/stores/run-store.ts'
import type { RunsDeps } from '../deps.ts'
import { matches } from '../matches.ts'
import { everyPlace } from '../projects/places.ts'

/** How many paused actions of a project are looked at: those that were made last. */
const MAX_ACTIONS = 1_000
const READ_AT_ONCE = 25

type Deps = Pick<RunsDeps, 'runs' | 'actions' | 'projects' | 'domains' | 'now'>

/** Reads a page of the runs of a list that have a paused action, as they are now. */
export async function listPausedRuns(deps: Deps, query: RunQuery, page: RunPageRequest): Promise<RunPage> {
  const places = await placesOf(deps, query)
  const nowMs = deps.now()
  const keys = await Promise.all(
    places.map((place) => deps.actions.pausedRuns(place, { limit: MAX_ACTIONS, nowMs })),
  )
  const found = (await readRuns(deps, keys.flat())).filter((run) => isIn(run, query))
  const sorted = found
    .map((run) => ({ run, place: placeOf(run) }))
    .sort((a, b) => (a.place < b.place === query.newestFirst ? 1 : -1))
  const { after, limit } = page
  const rest = after === undefined ? sorted : sorted.filter(({ place }) => isAfter(place, after, query))
  const shown = rest.slice(0, limit)
  return {
    runs: shown.map(({ run }) => run),
    next: rest.length > limit ? shown.at(-1)?.place : undefined,
  }
}

/** A task is run in any project. */
async function placesOf(deps: Deps, { scope }: RunQuery) {
  if (scope.kind === 'projects') return scope.projects
  if (scope.kind === 'task') return everyPlace(deps)
  return scope.kind === 'run' ? [scope.run] : [scope]
}

async function readRuns({ runs }: Deps, keys: readonly RunKey[]): Promise<StoredRun[]> {
  const found: (StoredRun | undefined)[] = []
  for (let first = 0; first < keys.length; first += READ_AT_ONCE) {
    const some = keys.slice(first, first + READ_AT_ONCE)
    found.push(...(await Promise.all(some.map((key) => runs.find(key)))))
  }
  return found.filter((run) => run !== undefined)
}

function isIn(run: StoredRun, { scope, labels = [], ...conditions }: RunQuery): boolean {
  const { task, trigger } = run
  const isOfTask =
    scope.kind !== 'task' ||
    (task.project === scope.project &&
      task.domain === scope.domain &&
      task.name === scope.name &&
      (scope.version === undefined || task.version === scope.version))
  const isOfTrigger =
    scope.kind !== 'trigger' || (task.name === scope.taskName && trigger?.name === scope.name)
  const isLabelled = labels.every(({ name, value }) => {
    const actual = run.labels && Object.hasOwn(run.labels, name) ? run.labels[name] : undefined
    return value === undefined ? actual !== undefined : actual === value
  })
  return isOfTask && isOfTrigger && isLabelled && matches(run, conditions)
}

/** In order of time, and another one for each run. */
function placeOf({ createdAtMs, key }: StoredRun): string {
  return JSON.stringify([String(createdAtMs).padStart(15, '0'), key.project, key.domain, key.name])
}

function isAfter(place: string, after: string, { newestFirst }: RunQuery): boolean {
  return place !== after && place < after === newestFirst
}
