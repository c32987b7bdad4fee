/** What the methods of this function are given. */
import type { Clock } from '../shared/clock.ts'
import type { ActionStore } from '../shared/stores/action-store.ts'
import type { TaskStore } from '../shared/stores/task-store.ts'

export interface ActionsDeps {
  readonly actions: ActionStore
  readonly tasks: TaskStore
  readonly now: Clock
}
