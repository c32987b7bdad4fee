/**
 * The router of a function, made from the route table: a function that does not name every path and service
 * the table gives it does not compile, and one that names another does not either.
 */
import { type Call, noteFailure } from '../call.ts'
import { asServiceError, ServiceError } from '../errors.ts'
import {
  type FunctionName,
  type PathRoute,
  type PathsOf,
  type Route,
  routesOf,
  type ServiceRoute,
} from '../routes.ts'
import type { HttpRequest, HttpResponse } from './message.ts'
import { isTemplate, matchTemplate } from './path-template.ts'

/** Answers one path. Throws {@link ServiceError} to refuse. */
export type PathHandler = (request: HttpRequest, call: Call) => HttpResponse | Promise<HttpResponse>

/** Answers the calls of every RPC service of a function. */
export type RpcHandler = (request: HttpRequest, call: Call) => Promise<HttpResponse>

/** A path that comes from a setting instead of the table (the token endpoint proxy). */
export interface ExtraRoute {
  readonly operation: string
  readonly methods: readonly string[]
  readonly matches: (path: string) => boolean
  readonly handle: PathHandler
}

export interface RouterOptions<F extends FunctionName> {
  readonly function: F
  /** The routes of this deployment (`routesFor`); without it, those of the load balancer's sign-in. */
  readonly routes?: readonly Route[]
  readonly paths: Readonly<Record<PathsOf<F>, PathHandler>>
  readonly rpc?: RpcHandler
  readonly extra?: readonly ExtraRoute[]
  /** Turns a refusal outside RPC into what the client of this function reads. */
  readonly onError: (error: ServiceError, request: HttpRequest) => HttpResponse
}

/** Answers every request of a function; never rejects except through a bug of its own error page. */
export type App = (request: HttpRequest, call: Call) => Promise<HttpResponse>

/**
 * Makes the app of a function. It checks, in this order: the path is ours, it may be reached this way (a second
 * look behind the listener rules), and it answers this method. A HEAD request gets GET's answer without its body.
 */
export function createApp<F extends FunctionName>(options: RouterOptions<F>): App {
  const routes = routesOf(options.function, options.routes)
  const paths = new Map(routes.filter(isPath).map((route) => [route.path, route]))
  const services = new Map(routes.filter(isService).map((route) => [route.service, route]))
  const templates = [...paths.values()].filter((route) => isTemplate(route.path))
  const pathOf = (path: string) => paths.get(path) ?? templates.find((one) => matchTemplate(one.path, path))
  const handlers = options.paths as Readonly<Record<string, PathHandler>>

  async function answer(request: HttpRequest, call: Call): Promise<HttpResponse> {
    const path = pathOf(request.path)
    if (path) {
      call.operation = path.path
      checkAccess(path, request)
      return withMethod(request, path.methods, () => (handlers[path.path] as PathHandler)(request, call))
    }
    const service = services.get(serviceName(request.path))
    if (service && options.rpc) {
      call.operation = service.service
      checkAccess(service, request)
      return options.rpc(request, call)
    }
    const extra = options.extra?.find((route) => route.matches(request.path))
    if (!extra) throw new ServiceError('path_unknown')
    call.operation = extra.operation
    return withMethod(request, extra.methods, () => extra.handle(request, call))
  }

  return async (request, call) => {
    try {
      return await answer(request, call)
    } catch (thrown) {
      const error = asServiceError(thrown)
      noteFailure(call, error)
      return options.onError(error, request)
    }
  }
}

async function withMethod(
  request: HttpRequest,
  methods: readonly string[],
  handle: () => HttpResponse | Promise<HttpResponse>,
): Promise<HttpResponse> {
  const isHead = request.method === 'HEAD' && methods.includes('GET')
  if (!isHead && !methods.includes(request.method)) {
    const allow = methods.includes('GET') ? [...methods, 'HEAD'] : methods
    throw new ServiceError('method_not_allowed', { headers: { allow: allow.join(', ') } })
  }
  const response = await handle()
  return isHead ? { ...response, body: '' } : response
}

function checkAccess(route: Route, request: HttpRequest): void {
  if (!route.access.includes(request.access)) throw new ServiceError('service_refused')
}

function serviceName(path: string): string {
  return path.slice(1, Math.max(1, path.indexOf('/', 1)))
}

function isPath(route: Route): route is PathRoute {
  return route.kind === 'path'
}

function isService(route: Route): route is ServiceRoute {
  return route.kind === 'service'
}
