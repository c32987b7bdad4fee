/** `ProjectService.CreateProject` and `UpdateProject`. Any caller may: Flyte 2 has no permissions of its own. */
import { create } from '@bufbuild/protobuf'
import {
  type CreateProjectRequest,
  type CreateProjectResponse,
  CreateProjectResponseSchema,
  type Project,
  ProjectState,
  type UpdateProjectRequest,
  type UpdateProjectResponse,
  UpdateProjectResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import { required } from '../../shared/rpc/required.ts'
import type { RunsDeps } from '../deps.ts'

/** Ids become parts of URLs and of storage paths. */
const PROJECT_ID = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const MAX_NAME_LENGTH = 256
const MAX_DESCRIPTION_LENGTH = 2_000
const MAX_LABELS = 64
const MAX_LABEL_LENGTH = 256

type Deps = Pick<RunsDeps, 'projects' | 'now'>

/** Makes CreateProject. It throws `request_invalid`, `project_exists`. */
export function createProjectMethod({ projects, now }: Deps) {
  return async (request: CreateProjectRequest): Promise<CreateProjectResponse> => {
    const project = checkedProject(request.project)
    await projects.create(project.name === '' ? { ...project, name: project.id } : project, now())
    return create(CreateProjectResponseSchema)
  }
}

/** Makes UpdateProject, which replaces everything but the id and the domains. It throws `project_not_found`. */
export function updateProjectMethod({ projects, now }: Deps) {
  return async (request: UpdateProjectRequest): Promise<UpdateProjectResponse> => {
    await projects.update(checkedProject(request.project), now())
    return create(UpdateProjectResponseSchema)
  }
}

function checkedProject(sent: Project | undefined): Project {
  const project = required(sent, 'project')
  const labels = Object.entries(project.labels?.values ?? {})
  check(PROJECT_ID.test(project.id), 'project.id has to be up to 63 lower-case letters, digits and dashes.')
  check(project.name.length <= MAX_NAME_LENGTH, `project.name is longer than ${MAX_NAME_LENGTH}.`)
  check(
    project.description.length <= MAX_DESCRIPTION_LENGTH,
    `project.description is longer than ${MAX_DESCRIPTION_LENGTH}.`,
  )
  check(labels.length <= MAX_LABELS, `project.labels has more than ${MAX_LABELS} entries.`)
  check(
    labels.flat().every((part) => part.length <= MAX_LABEL_LENGTH),
    `project.labels has a key or a value longer than ${MAX_LABEL_LENGTH}.`,
  )
  check(project.state in ProjectState, 'project.state is not one that this service knows.')
  return project
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new ServiceError('request_invalid', { message })
}
