/**
 * Whether a page of ours asked for something: a browser sends its cookies along no matter whose page asks it to.
 */
import { ServiceError } from '../errors.ts'
import type { OriginMatcher } from '../http/authorized-origins.ts'
import type { HttpRequest } from '../http/message.ts'

/**
 * Refuses a request that rides on a session and changes something, unless the browser says that one of our own
 * pages asked for it: by `sec-fetch-site: same-origin`, or by an `origin` of the authorizedUris. One that says
 * neither is refused, because nobody else but a browser has a session to ride on.
 *
 * @throws {ServiceError} `cross_site_request`
 */
export function assertOwnPage(request: HttpRequest, isOurs: OriginMatcher): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  if (!isFromOwnPage(request, isOurs)) throw new ServiceError('cross_site_request')
}

/** Whether the browser says that one of our own pages asked for this. */
export function isFromOwnPage({ headers }: Pick<HttpRequest, 'headers'>, isOurs: OriginMatcher): boolean {
  const sites = headers['sec-fetch-site'] ?? []
  // A page without a referrer sends `origin: null` even to its own site, so this one decides where it is there.
  if (sites.length > 0 && sites.every((site) => site === 'same-origin')) return true
  const origins = headers.origin ?? []
  return origins.length > 0 && origins.every((origin) => URL.canParse(origin) && isOurs(new URL(origin)))
}
