/**
 * The projects of a deployment: the stored ones, and the seeded ones of the settings, which exist without being
 * stored until somebody changes them.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type Project, ProjectSchema } from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import type { EpochMs } from '../../shared/clock.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { ProjectStore, StoredProject } from '../../shared/stores/project-store.ts'

/** A project and when it was made: the epoch for a seeded one. */
export interface DatedProject {
  readonly project: Project
  readonly createdAtMs: EpochMs
}

/** Reads and changes projects. Domains always come from the settings, whatever is sent. */
export interface ProjectCatalog {
  /** @throws {ServiceError} `project_not_found` */
  readonly assertExists: (id: string) => Promise<void>
  /** @throws {ServiceError} `project_not_found` */
  readonly get: (id: string) => Promise<Project>
  readonly all: () => Promise<readonly DatedProject[]>
  /** @throws {ServiceError} `project_exists` */
  readonly create: (project: Project, nowMs: EpochMs) => Promise<void>
  /** @throws {ServiceError} `project_not_found` */
  readonly update: (project: Project, nowMs: EpochMs) => Promise<void>
}

export interface ProjectCatalogOptions {
  readonly store: ProjectStore
  readonly seedProjects: readonly string[]
  readonly domains: readonly string[]
}

/** How many project ids an instance remembers. Projects are never deleted, so what existed still does. */
const REMEMBERED_IDS = 1_000

/** Makes the catalog. */
export function createProjectCatalog(options: ProjectCatalogOptions): ProjectCatalog {
  const { store } = options
  const seeds = new Set(options.seedProjects)
  const known = new Set(seeds)
  const read = (stored: StoredProject) => readProject(stored, options.domains)
  const seeded = (id: string) => seedProject(id, options.domains)
  return {
    async assertExists(id) {
      if (known.has(id)) return
      if ((await store.find(id)) === undefined) throw new ServiceError('project_not_found')
      if (known.size >= REMEMBERED_IDS + seeds.size) return
      known.add(id)
    },
    async get(id) {
      const stored = await store.find(id)
      if (stored) return read(stored)
      if (seeds.has(id)) return seeded(id)
      throw new ServiceError('project_not_found')
    },
    async all() {
      const stored = await store.all()
      const storedIds = new Set(stored.map(({ id }) => id))
      const unchanged = [...seeds].filter((id) => !storedIds.has(id))
      return [
        ...unchanged.map((id) => ({ project: seeded(id), createdAtMs: 0 })),
        ...stored.map((one) => ({ project: read(one), createdAtMs: one.createdAtMs })),
      ]
    },
    async create(project, nowMs) {
      const made = !seeds.has(project.id) && (await store.create(storedProject(project, nowMs)))
      if (!made) throw new ServiceError('project_exists')
    },
    async update(project, nowMs) {
      const isSeed = seeds.has(project.id)
      // A seeded project that is stored now was there all along.
      const stored = storedProject(project, isSeed ? 0 : nowMs)
      if (!(await store.update(stored, { orCreate: isSeed }))) throw new ServiceError('project_not_found')
    },
  }
}

function storedProject(project: Project, createdAtMs: EpochMs): StoredProject {
  return { id: project.id, project: toBinary(ProjectSchema, { ...project, domains: [] }), createdAtMs }
}

function readProject({ id, project }: StoredProject, domains: readonly string[]): Project {
  return { ...fromBinary(ProjectSchema, project), id, domains: domainsOf(domains) }
}

function seedProject(id: string, domains: readonly string[]): Project {
  return create(ProjectSchema, { id, name: id, domains: domainsOf(domains) })
}

function domainsOf(domains: readonly string[]): Project['domains'] {
  return create(ProjectSchema, { domains: domains.map((id) => ({ id, name: nameOfDomain(id) })) }).domains
}

/** `development` is shown as `Development`. */
function nameOfDomain(id: string): string {
  return id.slice(0, 1).toUpperCase() + id.slice(1)
}
