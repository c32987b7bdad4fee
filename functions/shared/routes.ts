/**
 * The route table: every path this deployment answers, who answers it, and how it may be reached.
 *
 * The listener rules of the load balancer, the router of each function and the tests are made from this
 * one list, so this file imports nothing. A path is exact but for whole segments in braces, or it is a whole
 * RPC service; never a bare prefix, because a prefix would also open whatever is added below it later.
 */

/** The functions of a deployment; each has a folder of the same name under `functions/`. */
export type FunctionName = 'metadata' | 'runs' | 'actions' | 'console' | 'authorization-server' | 'login'

/**
 * How a request reached a function, decided by the target group the load balancer sent it through.
 *
 * - `open`: nobody has been authenticated; every credential has to prove itself.
 * - `oidc`: behind authenticate-oidc; the load balancer signed `x-amzn-oidc-data`.
 * - `internal`: the internal load balancer, reachable from the network of the tasks only.
 */
export type Access = 'open' | 'oidc' | 'internal'

export const ACCESS_CLASSES: readonly Access[] = ['open', 'oidc', 'internal']

export type HttpMethod = 'GET' | 'POST'

/**
 * What a neighbouring deployment on the same listener may want to keep for itself
 * (`ingress.minimalPaths` leaves these groups out).
 */
export type NeighbourGroup = '/.well-known' | '/me' | '/config' | '/oauth2' | '/api' | '/console'

/** A single path. GET implies HEAD. */
export interface PathRoute {
  readonly kind: 'path'
  /** Exact; a segment in braces, `{run}`, stands for any one segment. */
  readonly path: string
  readonly methods: readonly HttpMethod[]
  readonly function: FunctionName
  readonly access: readonly Access[]
  readonly group?: NeighbourGroup
}

/** A whole Connect RPC service: `/{service}/{Method}`. */
export interface ServiceRoute {
  readonly kind: 'service'
  /** The fully qualified protobuf name, for example `flyteidl2.workflow.RunService`. */
  readonly service: string
  readonly function: FunctionName
  readonly access: readonly Access[]
}

export type Route = PathRoute | ServiceRoute

const open = ['open'] as const
const oidc = ['oidc'] as const
const openOrOidc = ['open', 'oidc'] as const
const internal = ['internal'] as const
const GET = ['GET'] as const
const POST = ['POST'] as const

export const ROUTES = [
  { kind: 'path', path: '/healthz', methods: GET, function: 'metadata', access: open },
  { kind: 'path', path: '/readyz', methods: GET, function: 'metadata', access: open },
  { kind: 'path', path: '/healthcheck', methods: GET, function: 'metadata', access: open },
  {
    kind: 'path',
    path: '/.well-known/oauth-authorization-server',
    methods: GET,
    function: 'metadata',
    access: open,
    group: '/.well-known',
  },
  {
    kind: 'path',
    path: '/.well-known/openid-configuration',
    methods: GET,
    function: 'metadata',
    access: open,
    group: '/.well-known',
  },
  {
    kind: 'path',
    path: '/.well-known/oauth-protected-resource',
    methods: GET,
    function: 'metadata',
    access: open,
    group: '/.well-known',
  },
  {
    kind: 'path',
    path: '/config/v1/flyte_client',
    methods: GET,
    function: 'metadata',
    access: open,
    group: '/config',
  },
  { kind: 'service', service: 'flyteidl2.auth.AuthMetadataService', function: 'metadata', access: open },

  { kind: 'service', service: 'flyteidl2.workflow.RunService', function: 'runs', access: openOrOidc },
  { kind: 'service', service: 'flyteidl2.auth.IdentityService', function: 'runs', access: openOrOidc },
  { kind: 'service', service: 'flyteidl2.project.ProjectService', function: 'runs', access: openOrOidc },
  { kind: 'service', service: 'flyteidl2.task.TaskService', function: 'runs', access: openOrOidc },
  { kind: 'service', service: 'flyteidl2.dataproxy.DataProxyService', function: 'runs', access: openOrOidc },
  { kind: 'service', service: 'flyteidl2.settings.SettingsService', function: 'runs', access: openOrOidc },
  { kind: 'service', service: 'flyteidl2.trigger.TriggerService', function: 'runs', access: openOrOidc },
  { kind: 'service', service: 'flyteidl2.secret.SecretService', function: 'runs', access: openOrOidc },
  { kind: 'service', service: 'flyteidl2.cluster.ClusterService', function: 'runs', access: openOrOidc },

  { kind: 'service', service: 'flyteidl2.actions.ActionsService', function: 'actions', access: internal },
  {
    kind: 'service',
    service: 'flyteidl2.workflow.InternalRunService',
    function: 'actions',
    access: internal,
  },

  { kind: 'path', path: '/v2', methods: GET, function: 'console', access: oidc },
  { kind: 'path', path: '/v2/run', methods: GET, function: 'console', access: oidc },
  { kind: 'path', path: '/v2/whoami', methods: GET, function: 'console', access: oidc },
  { kind: 'path', path: '/v2/connect', methods: GET, function: 'console', access: oidc },
  { kind: 'path', path: '/v2/console.js', methods: GET, function: 'console', access: oidc },
  // The addresses that the SDK and the command line print.
  {
    kind: 'path',
    path: '/v2/domain/{domain}/project/{project}/runs/{run}',
    methods: GET,
    function: 'console',
    access: oidc,
  },
  {
    kind: 'path',
    path: '/v2/domain/{domain}/project/{project}/tasks/{task}',
    methods: GET,
    function: 'console',
    access: oidc,
  },
  {
    kind: 'path',
    path: '/v2/domain/{domain}/project/{project}/triggers/{task}/{trigger}',
    methods: GET,
    function: 'console',
    access: oidc,
  },
  // Whoever signs out, or has, is not signed in: these three need no session, and say nothing of anybody.
  { kind: 'path', path: '/v2/console.css', methods: GET, function: 'console', access: open },
  { kind: 'path', path: '/v2/sign-out', methods: POST, function: 'console', access: open },
  { kind: 'path', path: '/signed-out', methods: GET, function: 'console', access: open },
  { kind: 'path', path: '/console', methods: GET, function: 'console', access: oidc, group: '/console' },
] as const satisfies readonly Route[]

/**
 * What there is beside that where the deployment is its own authorization server (`authServerType: Self`). Named one
 * by one: anything that covered `/oauth2/idpresponse` would take the load balancer's own callback.
 */
export const SELF_ROUTES = [
  openOauth('/oauth2/authorize', ['GET']),
  openOauth('/oauth2/token', ['POST']),
  openOauth('/oauth2/jwks', ['GET']),
  openOauth('/oauth2/device_authorization', ['POST']),
  openOauth('/oauth2/revoke', ['POST']),
  openOauth('/oauth2/introspect', ['POST']),
  {
    kind: 'path',
    path: '/oauth2/authorize_callback',
    methods: ['GET', 'POST'],
    function: 'authorization-server',
    access: oidc,
    group: '/oauth2',
  },
  { kind: 'path', path: '/device', methods: ['GET', 'POST'], function: 'authorization-server', access: oidc },
] as const satisfies readonly Route[]

function openOauth<P extends string>(path: P, methods: readonly HttpMethod[]) {
  const name = 'authorization-server' as const
  return { kind: 'path' as const, path, methods, function: name, access: open, group: '/oauth2' as const }
}

/**
 * What there is beside that where the deployment signs browsers in itself, instead of the load balancer. Open to
 * everybody: whoever comes here is about to prove who they are, or to leave.
 */
export const SIGN_IN_ROUTES = [
  { kind: 'path', path: '/login', methods: GET, function: 'login', access: open },
  { kind: 'path', path: '/callback', methods: GET, function: 'login', access: open },
  { kind: 'path', path: '/logout', methods: ['GET', 'POST'], function: 'login', access: open },
  { kind: 'path', path: '/me', methods: GET, function: 'login', access: open, group: '/me' },
  { kind: 'path', path: '/backchannel-logout', methods: POST, function: 'login', access: open },
] as const satisfies readonly Route[]

/** Who signs browsers in: the load balancer (authenticate-oidc), or this deployment's login function. */
export type BrowserAuth = 'alb' | 'service'

/** What decides which routes a deployment has. */
export interface RouteOptions {
  readonly authServerType: 'Self' | 'External'
  readonly browserAuth: BrowserAuth
}

/**
 * All routes of one deployment.
 *
 * With `browserAuth: 'service'` the load balancer authenticates nobody: what would be reached behind
 * authenticate-oidc is open, and the function takes the session from its own sealed cookies instead.
 */
export function routesFor({ authServerType, browserAuth }: RouteOptions): readonly Route[] {
  const routes: readonly Route[] = authServerType === 'Self' ? [...ROUTES, ...SELF_ROUTES] : ROUTES
  return browserAuth === 'service' ? [...routes.map(withoutOidc), ...SIGN_IN_ROUTES] : routes
}

function withoutOidc(route: Route): Route {
  return route.access.some((one) => one === 'oidc') ? { ...route, access: open } : route
}

type ROUTE = (typeof ROUTES)[number] | (typeof SELF_ROUTES)[number] | (typeof SIGN_IN_ROUTES)[number]

/** The exact paths of one function, as a type: its router has to name every one of them. */
export type PathsOf<F extends FunctionName> = Extract<ROUTE, { kind: 'path'; function: F }>['path']

/** The RPC services of one function, as a type. */
export type ServicesOf<F extends FunctionName> = Extract<ROUTE, { kind: 'service'; function: F }>['service']

/** Every route that any deployment may have. */
export const ALL_ROUTES: readonly Route[] = [...ROUTES, ...SELF_ROUTES, ...SIGN_IN_ROUTES]

/** The routes that one function answers, in the order of the table. */
export function routesOf(name: FunctionName, routes: readonly Route[] = ALL_ROUTES): Route[] {
  return routes.filter((route) => route.function === name)
}

/**
 * The path patterns of the token endpoint proxy, in the load balancer's pattern language.
 *
 * These are the only paths that come from a setting: `{pathPrefix}` followed by the provider's own token
 * path, which always ends in `/token`. The function compares the rest with the provider's document.
 */
export function tokenProxyPathPatterns(pathPrefix: string): string[] {
  return [`${pathPrefix}/token`, `${pathPrefix}/*/token`]
}
