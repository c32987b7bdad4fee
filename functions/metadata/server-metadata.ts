/**
 * The metadata of an authorization server (RFC 8414): read strictly in its types, leniently in its spelling.
 */
import { ServiceError } from '../shared/errors.ts'
import { isSecureUrl } from '../shared/http/secure-url.ts'

/** The fields that are passed on, in the names of RFC 8414 section 2. Everything else is left out. */
export interface ServerMetadata {
  readonly issuer: string
  readonly token_endpoint: string
  readonly authorization_endpoint?: string
  readonly device_authorization_endpoint?: string
  readonly jwks_uri?: string
  readonly revocation_endpoint?: string
  readonly introspection_endpoint?: string
  readonly registration_endpoint?: string
  readonly userinfo_endpoint?: string
  readonly end_session_endpoint?: string
  readonly scopes_supported?: readonly string[]
  readonly response_types_supported?: readonly string[]
  readonly response_modes_supported?: readonly string[]
  readonly grant_types_supported?: readonly string[]
  readonly token_endpoint_auth_methods_supported?: readonly string[]
  readonly revocation_endpoint_auth_methods_supported?: readonly string[]
  readonly introspection_endpoint_auth_methods_supported?: readonly string[]
  readonly code_challenge_methods_supported?: readonly string[]
  readonly authorization_response_iss_parameter_supported?: boolean
}

type Kind = 'text' | 'url' | 'texts' | 'flag'

const FIELDS = {
  issuer: 'text',
  authorization_endpoint: 'url',
  token_endpoint: 'url',
  device_authorization_endpoint: 'url',
  jwks_uri: 'url',
  revocation_endpoint: 'url',
  introspection_endpoint: 'url',
  registration_endpoint: 'url',
  userinfo_endpoint: 'url',
  end_session_endpoint: 'url',
  scopes_supported: 'texts',
  response_types_supported: 'texts',
  response_modes_supported: 'texts',
  grant_types_supported: 'texts',
  token_endpoint_auth_methods_supported: 'texts',
  revocation_endpoint_auth_methods_supported: 'texts',
  introspection_endpoint_auth_methods_supported: 'texts',
  code_challenge_methods_supported: 'texts',
  authorization_response_iss_parameter_supported: 'flag',
} as const satisfies Record<keyof ServerMetadata, Kind>

const IS_KIND: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  url: (value) => typeof value === 'string' && isSecureUrl(value),
  texts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  flag: (value) => typeof value === 'boolean',
}

/**
 * Reads a provider's document. A field may be spelled in snake_case, as the standard has it, or in camelCase,
 * as another Flyte deployment may answer; the standard's spelling wins. Fields that are null or empty count
 * as absent, because that is how protobuf's JSON spells it.
 *
 * Checks types, and that every address is https. Does not check who the issuer is.
 *
 * @throws {ServiceError} `provider_answer_invalid` for a known field of the wrong type, or without an issuer
 *   or a token endpoint.
 */
export function parseServerMetadata(document: Readonly<Record<string, unknown>>): ServerMetadata {
  const read: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(FIELDS)) {
    const value = fieldOf(document, name) ?? fieldOf(document, camelCase(name))
    if (value === undefined) continue
    if (!IS_KIND[kind](value)) {
      throw new ServiceError('provider_answer_invalid', { cause: new TypeError(`${name} is not a ${kind}`) })
    }
    read[name] = value
  }
  if (!hasRequired(read)) throw new ServiceError('provider_answer_invalid')
  return read
}

function fieldOf(document: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = Object.hasOwn(document, name) ? document[name] : undefined
  return value === null || value === '' ? undefined : value
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** The types were checked before, field by field. */
function hasRequired(read: Record<string, unknown>): read is Record<string, unknown> & ServerMetadata {
  return read.issuer !== undefined && read.token_endpoint !== undefined
}
