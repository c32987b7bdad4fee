/** Cross-site requests: a browser sends its cookies along no matter whose page asks it to. */
import { ServiceError } from '../errors.ts'
import type { HttpRequest } from '../http/message.ts'
import { requestHost } from '../http/message.ts'
import type { PublicUrlResolver } from '../http/public-url.ts'
import type { CallerSource } from './caller.ts'

/**
 * Refuses a request that changes something, rides on a session of the load balancer or of an identity-aware proxy in
 * front of it, and was asked for by a page of another site. What a browser says about that (`sec-fetch-site`, `origin`) has to name this very origin if
 * it is there; other programs say nothing, and have no session that somebody else could ride on.
 *
 * Requests with other credentials pass: a bearer token is not sent by itself.
 *
 * @throws {ServiceError} `cross_site_request`
 */
export function assertSameSite(
  request: HttpRequest,
  publicUrl: PublicUrlResolver,
  source?: CallerSource,
): void {
  const ridesOnSession = request.access === 'oidc' || source === 'proxy-bearer'
  if (!ridesOnSession || request.method === 'GET' || request.method === 'HEAD') return
  const sites = request.headers['sec-fetch-site'] ?? []
  const origins = request.headers.origin ?? []
  const ours = ownOrigins(request, publicUrl)
  if (!sites.every((site) => site === 'same-origin') || !origins.every((origin) => ours.includes(origin))) {
    throw new ServiceError('cross_site_request')
  }
}

/** The configured origin, and the one the browser used: a page elsewhere can choose neither. */
function ownOrigins(request: HttpRequest, publicUrl: PublicUrlResolver): readonly string[] {
  const host = requestHost(request.headers)
  const [protocol = 'https'] = request.headers['x-forwarded-proto'] ?? []
  return host === undefined ? [publicUrl(request)] : [publicUrl(request), `${protocol}://${host}`]
}
