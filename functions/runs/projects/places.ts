/** Every place that a list of the whole deployment reads. */
import { ServiceError } from '../../shared/errors.ts'
import type { ProjectPlace } from '../../shared/stores/run-store.ts'
import type { RunsDeps } from '../deps.ts'

/** Each is a query of its own. */
const MAX_PLACES = 200

/**
 * The projects of a deployment in all of their domains, archived ones too, in order of their names.
 *
 * @throws {ServiceError} `request_invalid` for a deployment of so many that they cannot be read at once
 */
export async function everyPlace({
  projects,
  domains,
}: Pick<RunsDeps, 'projects' | 'domains'>): Promise<ProjectPlace[]> {
  const ids = (await projects.all()).map(({ project }) => project.id).toSorted()
  if (ids.length * domains.length > MAX_PLACES) {
    throw new ServiceError('request_invalid', {
      message: 'org: this deployment has too many projects to list them all; send project_id.',
    })
  }
  return ids.flatMap((project) => domains.map((domain) => ({ project, domain })))
}
