/** `ProjectService.GetProject`. */
import { create } from '@bufbuild/protobuf'
import {
  type GetProjectRequest,
  type GetProjectResponse,
  GetProjectResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import type { RunsDeps } from '../deps.ts'

/** Makes the method. It throws `project_not_found`. */
export function getProjectMethod({ projects }: Pick<RunsDeps, 'projects'>) {
  return async ({ id }: GetProjectRequest): Promise<GetProjectResponse> =>
    create(GetProjectResponseSchema, { project: await projects.get(id) })
}
