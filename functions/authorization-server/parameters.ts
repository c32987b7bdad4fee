/** The parameters of a request, before the engine reads them. */
import { ServiceError } from '../shared/errors.ts'
import { type HttpRequest, headerValue } from '../shared/http/message.ts'

const MAX_FORM_BYTES = 32 * 1024
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i

/**
 * The form in a request's body.
 *
 * @throws {ServiceError} `content_type_unsupported` for anything but a plain form, `request_too_large`
 */
export function formOf(request: HttpRequest): URLSearchParams {
  const isEncoded = (headerValue(request.headers, 'content-encoding') ?? 'identity') !== 'identity'
  const type = headerValue(request.headers, 'content-type') ?? ''
  if (isEncoded || !FORM.test(type)) throw new ServiceError('content_type_unsupported')
  if (request.body.length > MAX_FORM_BYTES) throw new ServiceError('request_too_large')
  return new URLSearchParams(Buffer.from(request.body).toString('utf8'))
}

/**
 * The same parameters with `audience`, as Auth0 and Flyte's clients say it, as `resource` (RFC 8707). A name of ours
 * is written in our way, with or without a slash at its end; one that is not ours stays as it is, to be refused.
 */
export function withResource(parameters: URLSearchParams, audiences: readonly string[]): URLSearchParams {
  const asked = parameters.has('resource') ? parameters.getAll('resource') : parameters.getAll('audience')
  const result = new URLSearchParams(parameters)
  result.delete('audience')
  result.delete('resource')
  for (const name of asked.filter((value) => value !== '')) {
    const ours = audiences.find((audience) => audience.replace(/\/$/, '') === name.replace(/\/$/, ''))
    result.append('resource', ours ?? name)
  }
  return result
}

/**
 * The same parameters without a `response_mode` that is not served: the engine knows more of them, and one is a page
 * with a script. Under a name that nobody knows it is refused, and the client is told so in the usual way.
 */
export function withServedResponseMode(parameters: URLSearchParams): URLSearchParams {
  const result = new URLSearchParams(parameters)
  if (result.has('response_mode') && single(result, 'response_mode') !== 'query') {
    result.set('response_mode', 'not_served')
  }
  return result
}

/** The value of a parameter that was sent once; undefined for none, and for one whose value is not certain. */
export function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name)
  return values.length === 1 ? values[0] : undefined
}
