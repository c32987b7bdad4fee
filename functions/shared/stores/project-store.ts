/** Projects, as the functions see them. */
import type { EpochMs } from '../clock.ts'

/** What is kept of a project. */
export interface StoredProject {
  readonly id: string
  /** A `flyteidl2.project.Project` without its domains, which come from the settings. */
  readonly project: Uint8Array
  readonly createdAtMs: EpochMs
}

/** The stored projects of a deployment; the seeded ones exist without being here. Few enough to be read at once. */
export interface ProjectStore {
  /** Makes a project; false if there is one with this id. */
  readonly create: (project: StoredProject) => Promise<boolean>
  /**
   * Replaces a project's fields, except for the time it was made; false if there is none with this id.
   *
   * @param options.orCreate Make it if it is not stored, as a seeded one is not.
   */
  readonly update: (project: StoredProject, options: { readonly orCreate: boolean }) => Promise<boolean>
  readonly find: (id: string) => Promise<StoredProject | undefined>
  /** Every stored project, ordered by id. */
  readonly all: () => Promise<readonly StoredProject[]>
}
