/**
 * Where a secret is: for everybody, for a domain, or for a project in a domain. A task is given the narrowest one of
 * a name, so that a project can have its own value of a secret that all others share.
 *
 * ```
 *  {prefix}/organization/{name}               everybody's
 *  {prefix}/domain/{domain}/{name}            a domain's
 *  {prefix}/project/{domain}/{project}/{name} a project's
 * ```
 *
 * The kind comes first so that a role can be allowed one of them with one wildcard at the end.
 */
import type { SecretIdentifier } from '@flyteorg/flyteidl2/flyteidl2/secret/definition_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import type { ServiceDeps } from '../service-deps.ts'

/** Both are empty for everybody's secrets; `project` for those of a domain. */
export interface SecretScope {
  readonly domain: string
  readonly project: string
}

export interface SecretPlace extends SecretScope {
  readonly name: string
}

/** As long as upstream's can be. With prefix, domain and project it stays below the 512 of Secrets Manager. */
const MAX_NAME_LENGTH = 253

/**
 * The place that an identifier means. The organization is no part of it: a deployment is one.
 *
 * Does not check the letters of the name, which the proto's own rule does.
 *
 * @throws {ServiceError} `request_invalid`, `project_not_found`
 */
export async function placeOf(
  deps: ServiceDeps,
  received: SecretIdentifier | undefined,
): Promise<SecretPlace> {
  const { name, domain, project } = required(received, 'id')
  if (name.length > MAX_NAME_LENGTH) {
    throw new ServiceError('request_invalid', {
      message: `id.name must have ${MAX_NAME_LENGTH} characters at most.`,
    })
  }
  return { ...(await scopeOf(deps, { domain, project }, 'id.')), name }
}

/**
 * Checks a scope.
 *
 * @param field What the fields are in, as messages name it.
 * @throws {ServiceError} `request_invalid`, `project_not_found`
 */
export async function scopeOf(
  { domains, projects }: Pick<ServiceDeps, 'domains' | 'projects'>,
  { domain, project }: SecretScope,
  field: string,
): Promise<SecretScope> {
  if (domain === '' && project !== '') {
    throw new ServiceError('request_invalid', { message: `${field}domain is required with a project.` })
  }
  if (domain !== '' && !domains.includes(domain)) {
    throw new ServiceError('request_invalid', {
      message: `${field}domain is not one of this deployment's.`,
    })
  }
  if (project !== '') await projects.assertExists(project)
  return { domain, project }
}

/** The name under which a secret is kept. */
export function keptName(prefix: string, { domain, project, name }: SecretPlace): string {
  if (project !== '') return `${prefix}/project/${domain}/${project}/${name}`
  return domain === '' ? `${prefix}/organization/${name}` : `${prefix}/domain/${domain}/${name}`
}
