/** That a person finishes what was started in the very browser they are looking at, from a page of ours. */
import { ServiceError } from '../shared/errors.ts'
import { type HttpRequest, requestHost } from '../shared/http/message.ts'

const PREFIX = '__Host-flyte_authorize_'
/** What the engine makes as the name of an interaction. */
const INTERACTION = /^[A-Za-z0-9_-]{16,64}$/

/** Whether a text can be the name of an interaction, and so of a cookie. */
export function isInteraction(value: string | undefined): value is string {
  return value !== undefined && INTERACTION.test(value)
}

/**
 * The cookie that ties an interaction to a browser; one for each, so that several sign-ins can be under way. `__Host-`
 * keeps other hosts of the domain from setting it, `Lax` lets it come back from the sign-in and from nowhere else.
 */
export function bindingCookie(interaction: string, maxAgeSeconds: number): string {
  return `${PREFIX}${interaction}=1; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=Lax`
}

/** Takes the cookie back. */
export function expiredBindingCookie(interaction: string): string {
  return bindingCookie(interaction, 0)
}

/** Whether the interaction was started in this browser. */
export function isBound(request: HttpRequest, interaction: string): boolean {
  const pairs = (request.headers.cookie ?? []).flatMap((line) => line.split(';'))
  return pairs.some((pair) => pair.trim() === `${PREFIX}${interaction}=1`)
}

/**
 * Refuses a form that was not sent from a page of this origin. Browsers say where a POST comes from in
 * `sec-fetch-site`, or else in `origin`; one that says neither is refused as well.
 *
 * @throws {ServiceError} `cross_site_request`
 */
export function assertOwnPage(request: HttpRequest, publicUrl: string): void {
  const { 'sec-fetch-site': sites, origin: origins = [] } = request.headers
  if (sites !== undefined) {
    if (sites.every((site) => site === 'same-origin')) return
    throw new ServiceError('cross_site_request')
  }
  const host = requestHost(request.headers)
  const [protocol = 'https'] = request.headers['x-forwarded-proto'] ?? []
  const ours = [new URL(publicUrl).origin, `${protocol}://${host}`]
  if (origins.length !== 1 || !origins.every((origin) => ours.includes(origin))) {
    throw new ServiceError('cross_site_request')
  }
}
