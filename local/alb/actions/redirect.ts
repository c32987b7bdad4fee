import type { Answer } from '../answer.ts'
import { statusAnswer } from '../answer.ts'
import { type AlbRequest, hostName } from '../request.ts'
import type { RedirectAction } from './parse.ts'

/**
 * Answers a redirect action. `#{path}` is the path without its leading slash and `#{query}` the query
 * without its question mark, both as they were sent; the port is always written out.
 */
export function redirect(action: RedirectAction, request: AlbRequest): Answer {
  const parts: Readonly<Record<string, string>> = {
    protocol: request.protocol,
    host: hostName(request.host ?? ''),
    port: String(request.port),
    path: request.path.replace(/^\//, ''),
    query: request.query,
  }
  const fill = (text: string) => text.replace(/#\{(\w+)\}/g, (whole, name: string) => parts[name] ?? whole)
  const query = fill(action.query)
  const origin = `${fill(action.protocol).toLowerCase()}://${fill(action.host)}:${fill(action.port)}`
  const location = `${origin}${fill(action.path)}${query === '' ? '' : `?${query}`}`
  const page = statusAnswer(action.status)
  return { ...page, headers: [['location', location], ...page.headers] }
}
