import type { MapUrl } from './types.ts'

/** How this load balancer reaches the endpoints that a template names. */
export interface HttpCall {
  readonly mapUrl: MapUrl
  readonly timeoutMs: number
}

/** The answer was longer than allowed. */
export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge'
}

/**
 * Makes one request and reads its whole answer as text, without following redirects.
 *
 * @throws {ResponseTooLarge} past `maxBytes`
 * @throws whatever fetch throws if the endpoint cannot be reached or does not answer within the timeout
 */
export async function callText(
  http: HttpCall,
  url: string,
  options: { readonly request?: RequestInit; readonly maxBytes: number },
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const response = await fetch(http.mapUrl(url), {
    ...options.request,
    redirect: 'manual',
    signal: AbortSignal.timeout(http.timeoutMs),
  })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > options.maxBytes) throw new ResponseTooLarge()
    chunks.push(chunk)
  }
  return { ok: response.ok, text: Buffer.concat(chunks).toString('utf8') }
}
