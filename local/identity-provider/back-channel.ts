/** How the identity provider calls a deployment on the same machine. */
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Configuration } from 'oidc-provider'
import { readBody } from '../http.ts'

type Fetch = NonNullable<Configuration['fetch']>

/**
 * A `fetch` towards this machine: the provider's own refuses to call loopback addresses, and Node's trusts no private
 * authority.
 *
 * @param ca The authority of https on this machine, PEM. Default: the ones that Node knows.
 */
export function localFetch(ca?: string): Fetch {
  return async (input, { method = 'GET', headers = {}, body = null, signal = null } = {}) => {
    const request = new Request(input, { method, headers, body, signal })
    const text = await request.text()
    const options = {
      method,
      headers: Object.fromEntries(request.headers),
      signal: request.signal,
      ...(ca === undefined ? {} : { ca }),
    }
    const send = request.url.startsWith('https:') ? requestHttps : requestHttp
    return new Promise((resolve, reject) => {
      const sent = send(request.url, options, (response) => {
        const status = response.statusCode ?? 502
        readBody(response).then(
          (answer) => resolve(new Response(answer.length === 0 ? null : answer, { status })),
          reject,
        )
      })
      sent.once('error', reject).end(text)
    })
  }
}
