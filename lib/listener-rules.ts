/**
 * The rules of the listener, made from the route table. Pure: route table and a few settings in, an ordered list of
 * descriptions out; `constructs/listener-rules.ts` writes them as CloudFormation.
 *
 * The order is the security of the front door:
 * 1. what is refused at once: internal services, which nobody reaches from outside, and calls that are larger than the
 *    load balancer passes on, which it would answer in words that no client of the API reads;
 * 2. public paths need no sign-in;
 * 3. the API with a bearer token: verified here if the listener can, and again by the function;
 * 4. the API with the load balancer's own session: answered 401 by the listener when it is not valid;
 * 5. the rest of the API, open: the function answers, with the hint where to sign in;
 * 6. pages: whoever is not signed in is sent to sign in;
 * 7. the load balancer's own callback.
 * Whatever matches none of them is answered 404 by the listener's default action.
 *
 * Where the deployment signs browsers in itself, no route is behind authenticate-oidc: 4 and 7 are not there, a call
 * with nothing but cookies is one of 5, and the pages of 6 are passed on as they are.
 */
import type { Access, FunctionName, NeighbourGroup, Route } from '../functions/shared/routes.ts'
import { tokenProxyPathPatterns } from '../functions/shared/routes.ts'
import { OVER_ONE_MEGABYTE, REFUSED, TOO_LARGE, TOO_LARGE_FOR_TASKS } from './listener-refusals.ts'
import {
  type Authentication,
  type HeaderCondition,
  type LastAction,
  type RuleDescription,
  SECTIONS,
  type Section,
} from './rule-description.ts'

/** Quotas of an Application Load Balancer; none of these can be raised. */
export const LISTENER_QUOTAS = {
  conditionValuesPerRule: 5,
  valuesPerCondition: 3,
  wildcardsPerRule: 5,
} as const

/** Priorities set aside for each section, so that a new route never moves the rules of another section. */
export const PRIORITIES_PER_SECTION = 20

/** The path on which the load balancer itself takes the provider's answer. Not configurable in AWS. */
export const CALLBACK_PATH = '/oauth2/idpresponse'

export interface ListenerRuleOptions {
  readonly routes: readonly Route[]
  /** The lowest priority to use. */
  readonly basePriority: number
  /** Only requests to these hosts; empty where the listener is this deployment's alone. */
  readonly hosts: readonly string[]
  /** Leaves the routes that carry a group to a neighbour on the same listener. */
  readonly minimalPaths: boolean
  /** False where the listener cannot verify the issuer's tokens: the bearer rule then only forwards. */
  readonly jwtValidation: boolean
  readonly sessionCookieName: string
  /** The path prefix of the token endpoint proxy, or undefined while it is off. */
  readonly tokenProxyPrefix?: string | undefined
}

/** The listener's default, and what is left of the callback when the load balancer did not take the request. */
export const NOT_FOUND = { kind: 'fixed', status: 404, contentType: 'text/plain', body: 'Not found' } as const

interface Draft {
  readonly section: Section
  readonly paths: readonly string[]
  readonly header?: HeaderCondition
  readonly authentication?: Authentication
  readonly last: LastAction
}

/**
 * The rules in order of priority, each within the quotas above.
 *
 * The callback rule stays with `minimalPaths`: it is one exact path that no neighbour can answer, and without it
 * sign-in ends in the neighbour's 404. It has to come before a neighbour's own `/oauth2/*` rule.
 *
 * @throws {RangeError} when a section needs more rules than are set aside for it.
 */
export function listenerRules(options: ListenerRuleOptions): RuleDescription[] {
  const routes = options.routes.filter((route) => !options.minimalPaths || groupOf(route) === undefined)
  const drafts = [
    ...internalRules(routes),
    ...tooLargeRules(routes),
    ...publicRules(routes, options),
    ...apiRules(routes, options),
    ...pageRules(routes),
    ...callbackRules(options.routes),
  ]
  const counts = new Map<Section, number>()
  return drafts
    .flatMap((draft) => chunks(draft, options.hosts))
    .map((draft) => {
      const index = counts.get(draft.section) ?? 0
      counts.set(draft.section, index + 1)
      return number(draft, index, options)
    })
}

function number(
  draft: Draft,
  index: number,
  { basePriority, hosts }: Pick<ListenerRuleOptions, 'basePriority' | 'hosts'>,
): RuleDescription {
  if (index >= PRIORITIES_PER_SECTION) throw new RangeError(`the ${draft.section} section has too many rules`)
  return {
    ...draft,
    hosts,
    id: `${draft.section[0]?.toUpperCase()}${draft.section.slice(1)}${index + 1}`,
    priority: basePriority + SECTIONS.indexOf(draft.section) * PRIORITIES_PER_SECTION + index,
  }
}

function internalRules(routes: readonly Route[]): Draft[] {
  const paths = routes.filter(isInternal).map(pathPattern)
  return paths.length === 0 ? [] : [{ section: 'internal', paths, last: REFUSED }]
}

/** Whoever is calling: a call that is too large is so before and after signing in. */
function tooLargeRules(routes: readonly Route[]): Draft[] {
  const paths = routes.filter(isApi).map(pathPattern)
  return [{ section: 'internal', header: OVER_ONE_MEGABYTE, paths, last: TOO_LARGE }]
}

function publicRules(routes: readonly Route[], { tokenProxyPrefix }: ListenerRuleOptions): Draft[] {
  const proxy = tokenProxyPrefix === undefined ? [] : tokenProxyPathPatterns(tokenProxyPrefix)
  const isPublic = (route: Route) => isOnly(route, 'open') && !isApi(route) && !isOpenPage(route, routes)
  const byFunction = pathsByFunction(routes.filter(isPublic))
  if (proxy.length > 0) byFunction.set('metadata', [...(byFunction.get('metadata') ?? []), ...proxy])
  return [...byFunction].map(([name, paths]) => ({ section: 'public', paths, last: forward(name, 'open') }))
}

function apiRules(routes: readonly Route[], options: ListenerRuleOptions): Draft[] {
  const api = [...pathsByFunction(routes.filter(isApi))]
  const behindSession = [...pathsByFunction(routes.filter((route) => isApi(route) && has(route, 'oidc')))]
  const bearer = { name: 'authorization', by: 'wildcards', values: ['Bearer *'] } as const
  const session = { name: 'cookie', by: 'wildcards', values: [`*${options.sessionCookieName}-0=*`] } as const
  return [
    ...api.map(
      ([name, paths]): Draft => ({
        section: 'bearer',
        paths,
        header: bearer,
        ...(options.jwtValidation ? { authentication: 'jwt' } : {}),
        last: forward(name, 'open'),
      }),
    ),
    ...behindSession.map(
      ([name, paths]): Draft => ({
        section: 'session',
        paths,
        header: session,
        authentication: 'deny',
        last: forward(name, 'oidc'),
      }),
    ),
    ...api.map(([name, paths]): Draft => ({ section: 'api', paths, last: forward(name, 'open') })),
  ]
}

function pageRules(routes: readonly Route[]): Draft[] {
  const guarded = pathsByFunction(routes.filter((route) => isOnly(route, 'oidc')))
  const open = pathsByFunction(routes.filter((route) => isOpenPage(route, routes)))
  return [
    ...[...guarded].map(
      ([name, paths]): Draft => ({
        section: 'pages',
        paths,
        authentication: 'authenticate',
        last: forward(name, 'oidc'),
      }),
    ),
    ...[...open].map(([name, paths]): Draft => ({ section: 'pages', paths, last: forward(name, 'open') })),
  ]
}

/** Only where the load balancer signs anybody in does the provider send anybody back to it. */
function callbackRules(routes: readonly Route[]): Draft[] {
  if (!isSignedInByLoadBalancer(routes)) return []
  return [{ section: 'callback', paths: [CALLBACK_PATH], authentication: 'authenticate', last: NOT_FOUND }]
}

/** Splits a draft into rules that each stay within every quota. */
function chunks(draft: Draft, hosts: readonly string[]): Draft[] {
  const fixed = [...(draft.header?.values ?? []), ...hosts]
  const values = Math.min(
    LISTENER_QUOTAS.valuesPerCondition,
    LISTENER_QUOTAS.conditionValuesPerRule - fixed.length,
  )
  const patterns = [...(draft.header?.by === 'wildcards' ? draft.header.values : []), ...hosts]
  const wildcards = LISTENER_QUOTAS.wildcardsPerRule - countWildcards(patterns)
  const rules: string[][] = []
  for (const path of draft.paths) {
    const last = rules.at(-1)
    const fits = last !== undefined && last.length < values && countWildcards([...last, path]) <= wildcards
    if (fits) last.push(path)
    else rules.push([path])
  }
  return rules.map((paths) => ({ ...draft, paths }))
}

/** How many wildcards the load balancer counts in these values. */
export function countWildcards(values: readonly string[]): number {
  return values.join('').replaceAll(/[^*?]/g, '').length
}

function pathsByFunction(routes: readonly Route[]): Map<FunctionName, string[]> {
  const paths = new Map<FunctionName, string[]>()
  for (const route of routes)
    paths.set(route.function, [...(paths.get(route.function) ?? []), pathPattern(route)])
  return paths
}

/** A pattern is wider than a path with open segments, because `*` also spans `/`; the function looks again. */
const pathPattern = (route: Route): string =>
  route.kind === 'path' ? route.path.replaceAll(/\{\w+\}(?:\/\{\w+\})*/g, '*') : `/${route.service}/*`
const groupOf = (route: Route): NeighbourGroup | undefined =>
  route.kind === 'path' ? route.group : undefined
const has = (route: Route, access: Access): boolean => route.access.includes(access)
const isOnly = (route: Route, access: Access): boolean => route.access.every((one) => one === access)
const isInternal = (route: Route): boolean => isOnly(route, 'internal')
const isSignedInByLoadBalancer = (routes: readonly Route[]): boolean =>
  routes.some((route) => has(route, 'oidc'))
/** The console asks by itself who is looking, where the load balancer does not: rules of their own section all the same. */
const isOpenPage = (route: Route, routes: readonly Route[]): boolean =>
  route.function === 'console' && isOnly(route, 'open') && !isSignedInByLoadBalancer(routes)
/** The services that ask who is calling; those of `metadata` say how to find out, and ask nobody. */
const isApi = (route: Route): boolean =>
  route.kind === 'service' && has(route, 'open') && route.function !== 'metadata'
const forward = (name: FunctionName, access: Access): LastAction => ({
  kind: 'forward',
  function: name,
  access,
})

/** A function together with the access class of one of its target groups. */
export interface Entrance {
  readonly function: FunctionName
  readonly access: Access
}

/** The target groups that the public listener needs: each function once for each class that a route gives it. */
export function publicEntrances(routes: readonly Route[]): Entrance[] {
  const entrances = new Map<string, Entrance>()
  for (const route of routes) {
    for (const access of route.access) {
      if (access !== 'internal')
        entrances.set(`${route.function}-${access}`, { function: route.function, access })
    }
  }
  return [...entrances.values()]
}

/** The target groups that the internal listener needs. */
export function internalEntrances(routes: readonly Route[]): Entrance[] {
  const names = new Set(routes.filter((route) => has(route, 'internal')).map((route) => route.function))
  return [...names].map((name) => ({ function: name, access: 'internal' }))
}

/** The functions that are deployed: those the public listener can reach, and the internal one if there is one. */
export function deployedFunctions(
  routes: readonly Route[],
  { internal }: { internal: boolean } = { internal: false },
): FunctionName[] {
  const entrances = [...publicEntrances(routes), ...(internal ? internalEntrances(routes) : [])]
  return [...new Set(entrances.map((entrance) => entrance.function))]
}

/**
 * The rules of the internal listener: what is too large is refused, and the services for running tasks. By default it
 * answers 404.
 */
export function internalListenerRules(routes: readonly Route[]): RuleDescription[] {
  const byFunction = [...pathsByFunction(routes.filter((route) => has(route, 'internal')))]
  const section = 'internal'
  const header = OVER_ONE_MEGABYTE
  return [
    ...byFunction.map(([, paths]): Draft => ({ section, header, paths, last: TOO_LARGE_FOR_TASKS })),
    ...byFunction.map(([name, paths]): Draft => ({ section, paths, last: forward(name, section) })),
  ]
    .flatMap((draft) => chunks(draft, []))
    .map((draft, index) => number(draft, index, { basePriority: 1, hosts: [] }))
}
