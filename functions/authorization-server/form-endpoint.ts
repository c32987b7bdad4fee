/** The endpoints that a program sends a form to: token, device authorization, revocation, introspection. */
import type { Call } from '../shared/call.ts'
import { type HttpRequest, type HttpResponse, singleCredentialHeader } from '../shared/http/message.ts'
import type { PathHandler } from '../shared/http/router.ts'
import type { EngineSource } from './engine/engine.ts'
import { NEVER_STORED, noteOauthError, oauthErrorOf } from './oauth-answer.ts'
import { formOf, single, withResource } from './parameters.ts'
import { type Limited, type RateLimit, REFUSED_SECRET_WEIGHT } from './rate-limit.ts'
import type { AuthorizationServerSettings } from './settings.ts'

export interface FormEndpointDeps {
  readonly engine: EngineSource
  readonly rateLimit: RateLimit
  readonly settings: AuthorizationServerSettings
}

export interface FormEndpoint {
  readonly limited: Limited
  /** Looks at the form before the engine does; may answer in its place. */
  readonly before?: (form: URLSearchParams) => Promise<HttpResponse | undefined>
  /** Looks at the engine's answer. */
  readonly after?: (form: URLSearchParams, response: HttpResponse) => Promise<HttpResponse>
}

/** Makes the handler of such an endpoint. What is in the query of a request is not read. */
export function createFormEndpoint(
  { engine, rateLimit, settings }: FormEndpointDeps,
  { limited, before, after }: FormEndpoint,
): PathHandler {
  async function ask(request: HttpRequest, form: URLSearchParams, authorization: string | undefined) {
    const early = await before?.(form)
    if (early !== undefined) return early
    const { ask: askEngine } = await engine()
    const response = await askEngine({
      method: 'POST',
      target: request.path,
      body: form.toString(),
      authorization,
    })
    return after === undefined ? response : after(form, response)
  }

  return async (request: HttpRequest, call: Call) => {
    const authorization = singleCredentialHeader(request.headers, 'authorization')
    const form = withResource(formOf(request), settings.audiences)
    const party = claimedClient(form, authorization)
    await rateLimit.count(limited, request, party)
    const response = await ask(request, form, authorization)
    const refused = oauthErrorOf(response)
    if (refused !== undefined) noteOauthError(call, refused.error)
    if (response.status === 401) {
      await rateLimit.addWeight(limited, request, party, REFUSED_SECRET_WEIGHT)
    }
    return { ...response, headers: { ...response.headers, ...NEVER_STORED } }
  }
}

/**
 * Who the request says it is from. Not verified: it only decides which counter counts. Read as the engine reads it
 * (RFC 6749 section 2.3.1), because another way to write a name must not be another counter.
 */
function claimedClient(form: URLSearchParams, authorization: string | undefined): string {
  const basic = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) return single(form, 'client_id') ?? ''
  const [written = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':', 1)
  try {
    return decodeURIComponent(written.replaceAll('+', '%20'))
  } catch {
    return ''
  }
}
