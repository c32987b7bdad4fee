/** The addresses that the SDK and the command line print, led to the pages of this console. */
import { ServiceError } from '../shared/errors.ts'
import { securityHeaders } from '../shared/html/security-headers.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'
import { matchTemplate } from '../shared/http/path-template.ts'

const PLACE = '/v2/domain/{domain}/project/{project}'

export const RUN_LINK = `${PLACE}/runs/{run}` as const
export const TASK_LINK = `${PLACE}/tasks/{task}` as const
export const TRIGGER_LINK = `${PLACE}/triggers/{task}/{trigger}` as const

/**
 * Redirects to the page of the run, or, for a task or a trigger, to the runs of its project. Whether any of them
 * exists is not looked up: the page says so. The values only ever become parameters of a query on this site.
 */
export function followSdkLink(
  link: typeof RUN_LINK | typeof TASK_LINK | typeof TRIGGER_LINK,
  request: HttpRequest,
): HttpResponse {
  const values = matchTemplate(link, request.path)
  if (values === undefined) throw new ServiceError('path_unknown')
  const { domain = '', project = '', run } = values
  const page = run === undefined ? '/v2' : '/v2/run'
  const query = new URLSearchParams({ project, domain, ...(run === undefined ? {} : { name: run }) })
  const location = `${page}?${query}`
  return {
    status: 303,
    headers: { ...securityHeaders(request), location, 'cache-control': 'no-store' },
    body: '',
  }
}
