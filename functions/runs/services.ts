/** The services beside runs, each loaded at its first call. */
import type { LazyServices } from './lazy-services.ts'
import type { ServiceDeps } from './service-deps.ts'

/** Says how each service is loaded. */
export function servicesBeside(deps: ServiceDeps): LazyServices {
  return {
    'flyteidl2.task.TaskService': async () => (await import('./tasks/service.ts')).taskService(deps),
    'flyteidl2.trigger.TriggerService': async () =>
      (await import('./triggers/entry.ts')).triggerService(deps),
    'flyteidl2.dataproxy.DataProxyService': async () =>
      (await import('./data/service.ts')).dataProxyService(deps),
    'flyteidl2.settings.SettingsService': async () =>
      (await import('./settings/service.ts')).settingsService(deps),
    'flyteidl2.secret.SecretService': async () => (await import('./secrets/service.ts')).secretService(deps),
    'flyteidl2.cluster.ClusterService': async () => (await import('./cluster/service.ts')).clusterService(),
  }
}
