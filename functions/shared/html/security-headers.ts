/** The headers that go with everything this function answers. */
import type { HttpRequest } from '../http/message.ts'

export interface PageSources {
  /** What a page takes its style from. Default: files of this origin; or the hash of the style in the page. */
  readonly style?: "'self'" | `'sha256-${string}'`
  /** Where a form may lead beside this origin: an origin, or a scheme with its colon. Default: nowhere. */
  readonly formTarget?: string
}

/**
 * Nothing but this origin's own files and calls; no inline script or style, no frames around it, and no way to
 * turn text into markup in the script (`require-trusted-types-for`). `data:` is the icon of the page.
 */
function contentSecurityPolicy({ style = "'self'", formTarget }: PageSources): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${style}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    formTarget === undefined ? "form-action 'self'" : `form-action 'self' ${formTarget}`,
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}

/** The headers for an answer to this request. HSTS (one year) only if the browser came by https. */
export function securityHeaders(
  request: HttpRequest,
  sources: PageSources = {},
): Readonly<Record<string, string>> {
  const isHttps = request.headers['x-forwarded-proto']?.[0] === 'https'
  return {
    'content-security-policy': contentSecurityPolicy(sources),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(isHttps ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  }
}
