import { describe, expect, it } from 'vitest'
import type { Route } from '../../functions/shared/routes.ts'
import { ROUTES } from '../../functions/shared/routes.ts'
import {
  CALLBACK_PATH,
  countWildcards,
  deployedFunctions,
  LISTENER_QUOTAS,
  type ListenerRuleOptions,
  listenerRules,
  PRIORITIES_PER_SECTION,
  publicEntrances,
} from '../../lib/listener-rules.ts'
import { type HeaderCondition, type RuleDescription, SECTIONS } from '../../lib/rule-description.ts'

const rulesWith = (change: Partial<ListenerRuleOptions> = {}): RuleDescription[] =>
  listenerRules({
    routes: ROUTES,
    basePriority: 1,
    hosts: [],
    minimalPaths: false,
    jwtValidation: true,
    sessionCookieName: 'AWSELBAuthSessionCookie',
    ...change,
  })

interface Asked {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly host?: string
}

/** What a load balancer does: the first rule, by priority, all of whose conditions match. */
function ruleFor(
  rules: readonly RuleDescription[],
  { path, headers = {}, host = 'flyte.example.com' }: Asked,
) {
  return [...rules]
    .sort((a, b) => a.priority - b.priority)
    .find((rule) => {
      const value = rule.header === undefined ? undefined : headers[rule.header.name]
      const byHeader = rule.header === undefined || (value !== undefined && headerMatches(rule.header, value))
      const byHost = rule.hosts.length === 0 || matches(rule.hosts, host, 'i')
      return byHeader && byHost && matches(rule.paths, path, '')
    })
}

function headerMatches({ by, values }: HeaderCondition, value: string): boolean {
  return by === 'regex' ? values.some((regex) => new RegExp(regex).test(value)) : matches(values, value, 'i')
}

function matches(patterns: readonly string[], value: string, flags: string): boolean {
  return patterns.some((pattern) => {
    const escaped = pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')
    return new RegExp(`^${escaped}$`, flags).test(value)
  })
}

const CREATE_RUN = '/flyteidl2.workflow.RunService/CreateRun'
const SESSION = { cookie: 'a=b; AWSELBAuthSessionCookie-0=xyz; c=d' }
const large = (bytes: number) => ({ 'content-length': String(bytes) })
const BEARER = { authorization: 'Bearer abc' }

describe('the listener rules, request by request', () => {
  const rules = rulesWith()
  const table: [string, Asked, string, RuleDescription['authentication'], string][] = [
    [
      'an internal service',
      { path: '/flyteidl2.actions.ActionsService/Enqueue' },
      'internal',
      undefined,
      '403',
    ],
    [
      'an internal service with a token',
      { path: '/flyteidl2.actions.ActionsService/Enqueue', headers: BEARER },
      'internal',
      undefined,
      '403',
    ],
    [
      'an internal service with a session',
      { path: '/flyteidl2.workflow.InternalRunService/X', headers: SESSION },
      'internal',
      undefined,
      '403',
    ],
    ['a health check', { path: '/healthz' }, 'public', undefined, 'metadata-open'],
    [
      'metadata with a token',
      { path: '/.well-known/oauth-authorization-server', headers: BEARER },
      'public',
      undefined,
      'metadata-open',
    ],
    [
      'the metadata service',
      { path: '/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata' },
      'public',
      undefined,
      'metadata-open',
    ],
    ['the API with a token', { path: CREATE_RUN, headers: BEARER }, 'bearer', 'jwt', 'runs-open'],
    [
      'the API with a token, scheme in lower case',
      { path: CREATE_RUN, headers: { authorization: 'bearer abc' } },
      'bearer',
      'jwt',
      'runs-open',
    ],
    [
      'the API with a token, scheme in capitals',
      { path: CREATE_RUN, headers: { authorization: 'BEARER abc' } },
      'bearer',
      'jwt',
      'runs-open',
    ],
    [
      'the API with a token and a session',
      { path: CREATE_RUN, headers: { ...BEARER, ...SESSION } },
      'bearer',
      'jwt',
      'runs-open',
    ],
    ['the API with a session', { path: CREATE_RUN, headers: SESSION }, 'session', 'deny', 'runs-oidc'],
    [
      'the API with another cookie',
      { path: CREATE_RUN, headers: { cookie: 'AWSELBAuthSessionCookie=x' } },
      'api',
      undefined,
      'runs-open',
    ],
    [
      'the API with another scheme',
      { path: CREATE_RUN, headers: { authorization: 'Basic abc' } },
      'api',
      undefined,
      'runs-open',
    ],
    ['the API with nothing', { path: CREATE_RUN }, 'api', undefined, 'runs-open'],
    [
      'whoami with nothing',
      { path: '/flyteidl2.auth.IdentityService/UserInfo' },
      'api',
      undefined,
      'runs-open',
    ],
    [
      'a call that is too large',
      { path: CREATE_RUN, headers: large(1_048_577) },
      'internal',
      undefined,
      '400',
    ],
    [
      'a call that is too large, with a token',
      { path: CREATE_RUN, headers: { ...BEARER, ...large(2_000_000) } },
      'internal',
      undefined,
      '400',
    ],
    [
      'a call that is just small enough',
      { path: CREATE_RUN, headers: { ...BEARER, ...large(1_048_576) } },
      'bearer',
      'jwt',
      'runs-open',
    ],
    ['a page', { path: '/v2' }, 'pages', 'authenticate', 'console-oidc'],
    ['a page with a token', { path: '/v2', headers: BEARER }, 'pages', 'authenticate', 'console-oidc'],
    ['a run', { path: '/v2/run' }, 'pages', 'authenticate', 'console-oidc'],
    ['the script of the pages', { path: '/v2/console.js' }, 'pages', 'authenticate', 'console-oidc'],
    ['signing out', { path: '/v2/sign-out' }, 'public', undefined, 'console-open'],
    [
      'signing out, still signed in',
      { path: '/v2/sign-out', headers: SESSION },
      'public',
      undefined,
      'console-open',
    ],
    ['the page after that', { path: '/signed-out' }, 'public', undefined, 'console-open'],
    ['its style sheet', { path: '/v2/console.css' }, 'public', undefined, 'console-open'],
    ['the old console', { path: '/console' }, 'pages', 'authenticate', 'console-oidc'],
    ['the callback', { path: CALLBACK_PATH }, 'callback', 'authenticate', '404'],
  ]
  for (const [title, asked, section, authentication, target] of table) {
    it(`send ${title} to ${target} (${authentication ?? 'as it is'})`, () => {
      const rule = ruleFor(rules, asked)
      expect(rule).toMatchObject({ section })
      expect(rule?.authentication).toBe(authentication)
      const last = rule?.last
      expect(last?.kind === 'forward' ? `${last.function}-${last.access}` : String(last?.status)).toBe(target)
    })
  }

  for (const path of [
    '/',
    '/V2',
    '/v2/',
    '/v2/anything',
    '/healthz/more',
    '/flyteidl2.workflow.RunService',
    '/flyteidl2.workflow.RunServiceX/CreateRun',
    '/flyteidl2.app.AppService/Get',
    '/oauth2/idpresponse/',
    '/oauth2/token',
    '/.well-known/jwks.json',
  ]) {
    it(`leave ${path} to the default answer`, () => {
      expect(ruleFor(rules, { path })).toBeUndefined()
    })
  }

  it('refuse internal services in the words of the protocol', () => {
    const last = ruleFor(rules, { path: '/flyteidl2.actions.ActionsService/Enqueue' })?.last
    expect(last).toMatchObject({ kind: 'fixed', status: 403, contentType: 'application/json' })
    expect(JSON.parse(last?.kind === 'fixed' ? last.body : '')).toMatchObject({ code: 'permission_denied' })
  })

  it('know every length that is too large, and no other one', () => {
    const isTooLarge = (bytes: number) =>
      ruleFor(rules, { path: CREATE_RUN, headers: large(bytes) })?.section === 'internal'
    const lengths = [0, 1, 99_999, 999_999, 1_000_000, 1_048_499, 1_048_569, 1_048_576]
    expect(lengths.filter(isTooLarge)).toEqual([])
    const tooLarge = Array.from({ length: 23 }, (_, power) => 1_048_577 + (2 ** power - 1))
    expect(tooLarge.filter((bytes) => !isTooLarge(bytes))).toEqual([])
    expect([1_049_000, 1_050_000, 1_100_000, 9_999_999, 10_000_000, 123_456_789].every(isTooLarge)).toBe(true)
  })

  it('say of such a call what is to be done, in the words of the protocol', () => {
    const last = ruleFor(rules, { path: CREATE_RUN, headers: large(2_000_000) })?.last
    const { body } = last as { body: string }
    expect(JSON.parse(body)).toMatchObject({
      code: 'out_of_range',
      message: expect.stringContaining('bucket'),
    })
    expect(body.length).toBeLessThanOrEqual(1_024)
  })

  it('have regular expressions of a length that the load balancer takes', () => {
    const regexes = rules.flatMap(({ header }) => (header?.by === 'regex' ? header.values : []))
    expect(regexes).not.toEqual([])
    expect(regexes.filter(({ length }) => length > 128)).toEqual([])
  })

  it('give every public route of the table a rule of its class', () => {
    for (const route of ROUTES) {
      const path = route.kind === 'path' ? route.path.replaceAll(/[{}]/g, '') : `/${route.service}/Method`
      const last = ruleFor(rules, { path })?.last
      const expected = route.access.some((access) => access === 'internal')
        ? { kind: 'fixed', status: 403 }
        : { kind: 'forward', function: route.function, access: route.access[0] }
      expect(last).toMatchObject(expected)
    }
  })
})

describe('the listener rules under other settings', () => {
  it('only forward bearer tokens when the listener does not verify them, still before the session', () => {
    const rule = ruleFor(rulesWith({ jwtValidation: false }), {
      path: CREATE_RUN,
      headers: { ...BEARER, ...SESSION },
    })
    expect(rule).toMatchObject({ section: 'bearer', last: { function: 'runs', access: 'open' } })
    expect(rule?.authentication).toBeUndefined()
  })

  it('look for the session cookie by its configured name', () => {
    const rules = rulesWith({ sessionCookieName: 'FlyteSession' })
    expect(ruleFor(rules, { path: CREATE_RUN, headers: { cookie: 'FlyteSession-0=x' } })).toMatchObject({
      section: 'session',
    })
    expect(ruleFor(rules, { path: CREATE_RUN, headers: SESSION })).toMatchObject({ section: 'api' })
  })

  it('open the token proxy only while it is on, and only its token paths', () => {
    const rules = rulesWith({ tokenProxyPrefix: '/token-proxy' })
    for (const path of ['/token-proxy/token', '/token-proxy/oauth2/v1/token']) {
      expect(ruleFor(rules, { path })).toMatchObject({ section: 'public', last: { function: 'metadata' } })
      expect(ruleFor(rulesWith(), { path })).toBeUndefined()
    }
    for (const path of ['/token-proxy', '/token-proxy/', '/token-proxy/authorize', '/token-proxy/token/x']) {
      expect(ruleFor(rules, { path })).toBeUndefined()
    }
  })

  it('leave a neighbour its paths, and keep the API, the pages and the callback', () => {
    const rules = rulesWith({ minimalPaths: true })
    for (const path of [
      '/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration',
      '/.well-known/oauth-protected-resource',
      '/config/v1/flyte_client',
      '/console',
      '/me',
      '/oauth2/token',
      '/api/v1/projects',
    ]) {
      expect(ruleFor(rules, { path })).toBeUndefined()
    }
    for (const path of [
      '/healthz',
      '/flyteidl2.auth.AuthMetadataService/X',
      CREATE_RUN,
      '/v2',
      CALLBACK_PATH,
    ]) {
      expect(ruleFor(rules, { path })).toBeDefined()
    }
  })

  it('answer for their own hosts only on a shared listener', () => {
    const rules = rulesWith({ hosts: ['flyte.example.com', '*.flyte.example.com'], basePriority: 500 })
    expect(ruleFor(rules, { path: '/v2', host: 'a.flyte.example.com' })).toBeDefined()
    expect(ruleFor(rules, { path: '/v2', host: 'other.example.com' })).toBeUndefined()
    expect(Math.min(...rules.map(({ priority }) => priority))).toBe(500)
  })
})

describe('the quotas of a load balancer', () => {
  const many: Route[] = Array.from({ length: 30 }, (_, index) => ({
    kind: 'service',
    service: `flyteidl2.s${index}.Service`,
    function: 'runs',
    access: ['open', 'oidc'],
  }))
  const variants: Record<string, Partial<ListenerRuleOptions>> = {
    'by default': {},
    'with the token proxy': { tokenProxyPrefix: '/token-proxy' },
    'with a host': { hosts: ['flyte.example.com'] },
    'with three hosts, two of them wildcards': {
      hosts: ['a.example.com', '*.b.example.com', '*.c.example.com'],
    },
    'with many services': { routes: many },
    'with many services and hosts': {
      routes: many.slice(0, 15),
      hosts: ['a.example.com', '*.b.example.com'],
    },
  }
  for (const [title, options] of Object.entries(variants)) {
    it(`are kept ${title}`, () => {
      for (const rule of rulesWith(options)) {
        const values = [...rule.paths, ...rule.hosts, ...(rule.header?.values ?? [])]
        expect(rule.paths.length).toBeGreaterThan(0)
        expect(rule.paths.length).toBeLessThanOrEqual(LISTENER_QUOTAS.valuesPerCondition)
        expect(values.length).toBeLessThanOrEqual(LISTENER_QUOTAS.conditionValuesPerRule)
        expect(countWildcards(values)).toBeLessThanOrEqual(LISTENER_QUOTAS.wildcardsPerRule)
      }
    })
  }

  it('leave no path out when a section is split', () => {
    const paths = rulesWith({ routes: many, hosts: ['a.example.com'] })
      .filter(({ section }) => section === 'session')
      .flatMap((rule) => rule.paths)
    expect(paths).toHaveLength(many.length)
  })

  it('refuse a section that outgrows its priorities instead of running into the next', () => {
    expect(() => rulesWith({ routes: [...many, ...many, ...many] })).toThrow(RangeError)
  })

  it('give every rule a priority and an id of its own, section after section', () => {
    const rules = rulesWith({ tokenProxyPrefix: '/token-proxy' })
    const priorities = rules.map(({ priority }) => priority)
    expect(priorities).toEqual([...priorities].sort((a, b) => a - b))
    expect(new Set(priorities).size).toBe(rules.length)
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
    const sections = rules.map(({ section }) => SECTIONS.indexOf(section))
    expect(sections).toEqual([...sections].sort((a, b) => a - b))
  })

  it('do not move the rules of other sections when a route is added', () => {
    const added: Route = {
      kind: 'path',
      path: '/more',
      methods: ['GET'],
      function: 'metadata',
      access: ['open'],
    }
    const before = rulesWith().filter(({ section }) => section !== 'public')
    const after = rulesWith({ routes: [added, ...ROUTES] }).filter(({ section }) => section !== 'public')
    expect(after).toEqual(before)
    expect(PRIORITIES_PER_SECTION * SECTIONS.length).toBeLessThanOrEqual(140)
  })
})

describe('what is deployed', () => {
  it('is each function that the public listener leads to', () => {
    expect(deployedFunctions(ROUTES)).toEqual(['metadata', 'runs', 'console'])
  })

  it('has one target group a function and access class, none of them internal', () => {
    expect(publicEntrances(ROUTES).map((entrance) => `${entrance.function}-${entrance.access}`)).toEqual([
      'metadata-open',
      'runs-open',
      'runs-oidc',
      'console-oidc',
      'console-open',
    ])
  })
})
