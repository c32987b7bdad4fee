/** `ProjectService.ListProjects`. */
import { create } from '@bufbuild/protobuf'
import { type Sort, Sort_Direction } from '@flyteorg/flyteidl2/flyteidl2/common/list_pb.ts'
import {
  type ListProjectsRequest,
  type ListProjectsResponse,
  ListProjectsResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { RunsDeps } from '../deps.ts'
import { pageLimit } from '../page-limit.ts'
import { makePageToken, readPageToken } from '../page-token.ts'
import type { DatedProject } from './catalog.ts'
import { parseProjectFilter } from './filter.ts'

type Order = (a: DatedProject, b: DatedProject) => number

const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b))
const byId: Order = (a, b) => byText(a.project.id, b.project.id)

const ORDERS: Readonly<Record<string, Order>> = {
  created_at: (a, b) => a.createdAtMs - b.createdAtMs,
  name: (a, b) => byText(a.project.name, b.project.name),
  id: byId,
  identifier: byId,
}

/** Makes the method. It throws `request_invalid`, `page_token_invalid`. */
export function listProjectsMethod({ projects }: Pick<RunsDeps, 'projects'>) {
  return async (request: ListProjectsRequest): Promise<ListProjectsResponse> => {
    const order = orderOf(request.sortBy)
    const matches = parseProjectFilter(request.filters)
    const list = [request.filters, request.sortBy?.key ?? '', request.sortBy?.direction ?? 0]
    const after = readPageToken(list, request.token)
    const sorted = (await projects.all()).filter(({ project }) => matches(project)).sort(order)
    const start = after === undefined ? 0 : placeAfter(sorted, after)
    const page = sorted.slice(start, start + pageLimit(request.limit)).map(({ project }) => project)
    const isLast = start + page.length >= sorted.length
    const token = makePageToken(list, isLast ? undefined : page.at(-1)?.id)
    return create(ListProjectsResponseSchema, { projects: { projects: page, token } })
  }
}

/** A project that left the list since (archived, say) starts it over rather than hiding what follows it. */
function placeAfter(sorted: readonly DatedProject[], id: string): number {
  return sorted.findIndex(({ project }) => project.id === id) + 1
}

/** Oldest first unless asked otherwise; equal ones by id, so that pages never overlap. */
function orderOf(sort: Sort | undefined): Order {
  if (sort === undefined || sort.key === '') return (a, b) => a.createdAtMs - b.createdAtMs || byId(a, b)
  const order = Object.hasOwn(ORDERS, sort.key) ? ORDERS[sort.key] : undefined
  if (order === undefined) {
    throw new ServiceError('request_invalid', {
      message: `sort_by.key is one of ${Object.keys(ORDERS).join(', ')}.`,
    })
  }
  const sign = sort.direction === Sort_Direction.ASCENDING ? 1 : -1
  return (a, b) => sign * order(a, b) || byId(a, b)
}
