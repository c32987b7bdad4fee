/** Redirects, and what every answer of this function has in common. */
import { securityHeaders } from '../shared/html/security-headers.ts'
import type { HttpRequest, HttpResponse } from '../shared/http/message.ts'

/** Sends the browser on with a GET (303), whatever it asked with; never stored. */
export function redirectTo(
  request: HttpRequest,
  location: string,
  setCookies: readonly string[] = [],
): HttpResponse {
  return {
    status: 303,
    headers: {
      ...securityHeaders(request),
      'cache-control': 'no-store',
      location,
      ...(setCookies.length === 0 ? {} : { 'set-cookie': setCookies }),
    },
    body: '',
  }
}
