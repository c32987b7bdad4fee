/** What the methods of the services beside runs are given. */
import type { DeployedTaskStore } from '../shared/stores/deployed-task-store.ts'
import type { DocumentStore } from '../shared/stores/document-store.ts'
import type { ObjectLinks } from '../shared/stores/object-links.ts'
import type { RunsDeps } from './deps.ts'

export interface ServiceDeps extends RunsDeps {
  readonly deployedTasks: DeployedTaskStore
  readonly documents: DocumentStore
  readonly links: ObjectLinks
}
