/** Which runs a request is about. */
import type { ListRunsRequest } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { RunScope } from '../../shared/stores/run-store.ts'
import type { RunsDeps } from '../deps.ts'
import { everyPlace } from '../projects/places.ts'

/**
 * Reads the scope of a request, and the organization to answer with. One that names an organization is about all of
 * the deployment: it is no part of any key.
 *
 * @throws {ServiceError} `request_invalid`
 */
export async function scopeOf(
  scopeBy: ListRunsRequest['scopeBy'],
  deps: Pick<RunsDeps, 'projects' | 'domains'>,
): Promise<{ scope: RunScope; org: string }> {
  switch (scopeBy.case) {
    case 'projectId': {
      const { organization, name, domain } = scopeBy.value
      return { scope: { kind: 'project', project: name, domain }, org: organization }
    }
    case 'taskName': {
      const { org, project, domain, name } = scopeBy.value
      return { scope: { kind: 'task', project, domain, name, version: undefined }, org }
    }
    case 'taskId': {
      const { org, project, domain, name, version } = scopeBy.value
      return { scope: { kind: 'task', project, domain, name, version }, org }
    }
    case 'triggerName': {
      const { org, project, domain, taskName, name } = scopeBy.value
      return { scope: { kind: 'trigger', project, domain, taskName, name }, org }
    }
    case 'org': {
      return { scope: { kind: 'projects', projects: await everyPlace(deps) }, org: scopeBy.value }
    }
    default:
      throw new ServiceError('request_invalid', {
        message: 'project_id, task_name, task_id, trigger_name or org is required.',
      })
  }
}
