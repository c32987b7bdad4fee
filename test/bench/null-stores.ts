/** Stores that keep nothing, and give back what a benchmark hands them. */
import type { RunsAppOptions } from '../../functions/runs/app.ts'
import { createProjectCatalog } from '../../functions/runs/projects/catalog.ts'
import { ServiceError } from '../../functions/shared/errors.ts'
import { benchSettings } from './settings.ts'

/** What `createRunsApp` is given, but for who calls. */
export function nullRunsDeps(): Omit<RunsAppOptions, 'gate' | 'enrich'> {
  const settings = benchSettings()
  return {
    authorizedUris: settings.authorizedUris,
    now: () => Date.now(),
    storagePrefix: settings.runs.storagePrefix,
    domains: settings.runs.domains,
    objects: { put: async () => {}, find: async () => undefined },
    runs: {
      create: async () => ({ created: true }),
      find: async () => undefined,
      list: async () => ({ runs: [], next: undefined }),
      abort: async () => 'not-found',
    },
    actions: {
      find: async () => undefined,
      abort: async () => 'not-found',
      signal: async () => 'not-found',
      pausedRuns: async () => [],
    },
    lazyServices: {},
    tasks: {
      putSpec: async () => {},
      findSpec: async () => undefined,
      putTask: async () => {},
      findTask: async () => undefined,
    },
    findTrigger: async () => {
      throw new ServiceError('trigger_not_found')
    },
    projects: createProjectCatalog({
      store: {
        create: async () => true,
        update: async () => true,
        find: async () => undefined,
        all: async () => [],
      },
      seedProjects: settings.runs.seedProjects,
      domains: settings.runs.domains,
    }),
  }
}
