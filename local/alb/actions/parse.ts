import { createHash } from 'node:crypto'
import { TemplateError } from '../errors.ts'
import type { TargetGroup } from '../target-group.ts'

/** Sends the request to the function of one target group, chosen by weight. */
export interface ForwardAction {
  readonly type: 'forward'
  readonly targets: readonly { readonly group: TargetGroup; readonly weight: number }[]
}

export interface FixedResponseAction {
  readonly type: 'fixed-response'
  readonly status: number
  readonly contentType: string | undefined
  readonly body: string
}

/** The parts may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}`. */
export interface RedirectAction {
  readonly type: 'redirect'
  readonly status: 301 | 302
  readonly protocol: string
  readonly host: string
  readonly port: string
  readonly path: string
  readonly query: string
}

export type OnUnauthenticated = 'authenticate' | 'allow' | 'deny'

export interface AuthenticateOidcAction {
  readonly type: 'authenticate-oidc'
  /** Names what a session belongs to: rules with the same issuer, client and cookie share sessions. */
  readonly sessionScope: string
  /** Names this exact configuration, so that a login ends under the settings it began with. */
  readonly configurationId: string
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly userInfoEndpoint: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string
  readonly sessionCookieName: string
  readonly sessionTimeoutSeconds: number
  readonly extraParams: Readonly<Record<string, string>>
  readonly onUnauthenticated: OnUnauthenticated
}

export type ClaimFormat = 'single-string' | 'string-array' | 'space-separated-values'

export interface AdditionalClaim {
  readonly name: string
  readonly format: ClaimFormat
  readonly values: readonly string[]
}

export interface JwtValidationAction {
  readonly type: 'jwt-validation'
  readonly issuer: string
  readonly jwksEndpoint: string
  readonly additionalClaims: readonly AdditionalClaim[]
}

export type Action =
  | ForwardAction
  | FixedResponseAction
  | RedirectAction
  | AuthenticateOidcAction
  | JwtValidationAction

/** Finds a target group by the value of `TargetGroupArn`. */
export type FindTargetGroup = (reference: unknown) => TargetGroup | undefined

type Properties = Readonly<Record<string, unknown>>

const DEFAULT_SESSION_COOKIE = 'AWSELBAuthSessionCookie'
const DEFAULT_SESSION_SECONDS = 604_800
const TERMINAL = new Set(['forward', 'fixed-response', 'redirect'])
const CLAIM_FORMATS: readonly string[] = ['single-string', 'string-array', 'space-separated-values']
/** Validated in any case, so they cannot be named again. */
const BUILT_IN_CLAIMS: readonly unknown[] = ['exp', 'iss', 'nbf', 'iat']

/**
 * Reads the resolved actions of a rule, in the order they run: authentication first, then exactly one
 * forward, fixed-response or redirect.
 *
 * @throws {TemplateError} for an action type that is not supported, a missing field, or no terminal action
 */
export function parseActions(actions: unknown, where: string, findTargetGroup: FindTargetGroup): Action[] {
  if (!Array.isArray(actions)) throw new TemplateError(where, 'actions are missing')
  const ordered = [...(actions as Properties[])].sort((a, b) => Number(a.Order ?? 0) - Number(b.Order ?? 0))
  const parsed = ordered.map((action, at) => parseAction(action, `${where}.${at}`, findTargetGroup))
  const last = parsed.at(-1)
  const terminals = parsed.filter((action) => TERMINAL.has(action.type))
  if (terminals.length !== 1 || terminals[0] !== last) {
    throw new TemplateError(where, 'the last action, and only it, has to forward, redirect or answer')
  }
  return parsed
}

function parseAction(action: Properties, where: string, findTargetGroup: FindTargetGroup): Action {
  switch (action.Type) {
    case 'forward':
      return parseForward(action, where, findTargetGroup)
    case 'fixed-response':
      return parseFixedResponse(section(action, 'FixedResponseConfig', where), where)
    case 'redirect':
      return parseRedirect(section(action, 'RedirectConfig', where))
    case 'authenticate-oidc':
      return parseAuthenticate(section(action, 'AuthenticateOidcConfig', where), where)
    case 'jwt-validation':
      return parseJwtValidation(section(action, 'JwtValidationConfig', where), where)
    default:
      throw new TemplateError(where, `action type ${JSON.stringify(action.Type)} is not supported`)
  }
}

function parseForward(action: Properties, where: string, findTargetGroup: FindTargetGroup): ForwardAction {
  const config = action.ForwardConfig as { TargetGroups?: Properties[] } | undefined
  const groups = config?.TargetGroups ?? [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }]
  const targets = groups.map((entry) => {
    const group = findTargetGroup(entry.TargetGroupArn)
    if (!group) throw new TemplateError(where, 'forwards to a target group without a Lambda target')
    return { group, weight: Number(entry.Weight ?? 1) }
  })
  return { type: 'forward', targets }
}

function parseFixedResponse(config: Properties, where: string): FixedResponseAction {
  const status = Number(config.StatusCode)
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TemplateError(where, 'StatusCode of a fixed response is a 2XX, 4XX or 5XX')
  }
  const contentType = config.ContentType === undefined ? undefined : String(config.ContentType)
  return { type: 'fixed-response', status, contentType, body: String(config.MessageBody ?? '') }
}

function parseRedirect(config: Properties): RedirectAction {
  return {
    type: 'redirect',
    status: config.StatusCode === 'HTTP_301' ? 301 : 302,
    protocol: String(config.Protocol ?? '#{protocol}'),
    host: String(config.Host ?? '#{host}'),
    port: String(config.Port ?? '#{port}'),
    path: String(config.Path ?? '/#{path}'),
    query: String(config.Query ?? '#{query}'),
  }
}

function parseAuthenticate(config: Properties, where: string): AuthenticateOidcAction {
  const text = (name: string) => requiredText(config, name, where)
  const onUnauthenticated = config.OnUnauthenticatedRequest ?? 'authenticate'
  if (onUnauthenticated !== 'authenticate' && onUnauthenticated !== 'allow' && onUnauthenticated !== 'deny') {
    throw new TemplateError(where, 'OnUnauthenticatedRequest is authenticate, allow or deny')
  }
  const sessionCookieName = String(config.SessionCookieName ?? DEFAULT_SESSION_COOKIE)
  const issuer = text('Issuer')
  const clientId = text('ClientId')
  return {
    type: 'authenticate-oidc',
    sessionScope: fingerprint([issuer, clientId, sessionCookieName]),
    configurationId: fingerprint(config),
    issuer,
    authorizationEndpoint: text('AuthorizationEndpoint'),
    tokenEndpoint: text('TokenEndpoint'),
    userInfoEndpoint: text('UserInfoEndpoint'),
    clientId,
    clientSecret: text('ClientSecret'),
    scope: String(config.Scope ?? 'openid'),
    sessionCookieName,
    sessionTimeoutSeconds: Number(config.SessionTimeout ?? DEFAULT_SESSION_SECONDS),
    extraParams: (config.AuthenticationRequestExtraParams ?? {}) as Record<string, string>,
    onUnauthenticated,
  }
}

function parseJwtValidation(config: Properties, where: string): JwtValidationAction {
  const claims = (config.AdditionalClaims ?? []) as Properties[]
  if (claims.length > 10) throw new TemplateError(where, 'at most 10 additional claims can be validated')
  return {
    type: 'jwt-validation',
    issuer: requiredText(config, 'Issuer', where),
    jwksEndpoint: requiredText(config, 'JwksEndpoint', where),
    additionalClaims: claims.map((claim) => parseClaim(claim, where)),
  }
}

function parseClaim(claim: Properties, where: string): AdditionalClaim {
  const format = claim.Format
  const values = claim.Values
  const knownFormat = typeof format === 'string' && CLAIM_FORMATS.includes(format)
  const fewValues = Array.isArray(values) && values.length > 0 && values.length <= 10
  if (!knownFormat || !fewValues || BUILT_IN_CLAIMS.includes(claim.Name)) {
    throw new TemplateError(where, `additional claim ${JSON.stringify(claim.Name)} is not valid`)
  }
  const name = requiredText(claim, 'Name', where)
  return { name, format: format as ClaimFormat, values: values.map(String) }
}

function section(action: Properties, name: string, where: string): Properties {
  const config = action[name]
  if (typeof config !== 'object' || config === null) throw new TemplateError(where, `${name} is missing`)
  return config as Properties
}

function requiredText(config: Properties, name: string, where: string): string {
  const value = config[name]
  if (typeof value !== 'string' || value === '') throw new TemplateError(where, `${name} is missing`)
  return value
}

function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16)
}
