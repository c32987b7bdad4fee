/** What the methods of the services beside runs are given. */
import type { DeployedTaskStore } from '../shared/stores/deployed-task-store.ts'
import type { DocumentStore } from '../shared/stores/document-store.ts'
import type { LogStore } from '../shared/stores/log-store.ts'
import type { ObjectLinks } from '../shared/stores/object-links.ts'
import type { ScheduleStore } from '../shared/stores/schedule-store.ts'
import type { SecretVault } from '../shared/stores/secret-vault.ts'
import type { RunsDeps } from './deps.ts'

export interface ServiceDeps extends RunsDeps {
  readonly deployedTasks: DeployedTaskStore
  readonly documents: DocumentStore
  /** The schedules of triggers. */
  readonly schedules: ScheduleStore
  readonly links: ObjectLinks
  readonly vault: SecretVault
  /** Starts the names of secrets in the vault. */
  readonly secretPrefix: string
  readonly logs: LogStore
  /** Where the logs of tasks are; null where this deployment reads none. */
  readonly logSettings: { readonly group: string; readonly stream: string } | null
}
