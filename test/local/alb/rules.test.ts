import { describe, expect, it } from 'vitest'
import { TemplateError } from '../../../local/alb/index.ts'
import {
  type Condition,
  fixed,
  forwardMulti,
  path,
  type RuleSpec,
  startAlb,
  templateOf,
} from './support/alb.ts'
import { type SendOptions, send } from './support/http.ts'

const headerRegex = (HttpHeaderName: string, ...RegexValues: string[]) => ({
  Field: 'http-header',
  HttpHeaderConfig: { HttpHeaderName, RegexValues },
})

const host = (...Values: string[]): Condition => ({ Field: 'host-header', HostHeaderConfig: { Values } })
const method = (...Values: string[]): Condition => ({
  Field: 'http-request-method',
  HttpRequestMethodConfig: { Values },
})
const header = (HttpHeaderName: string, ...Values: string[]): Condition => ({
  Field: 'http-header',
  HttpHeaderConfig: { HttpHeaderName, Values },
})
const query = (...Values: { Key?: string; Value: string }[]): Condition => ({
  Field: 'query-string',
  QueryStringConfig: { Values },
})
const source = (...Values: string[]): Condition => ({ Field: 'source-ip', SourceIpConfig: { Values } })

type Row = [title: string, conditions: Condition[], path: string, options?: SendOptions]

const matching: Row[] = [
  ['an exact path', [path('/a/b')], '/a/b'],
  ['a path by *', [path('/a/*')], '/a/'],
  ['a path by * in the middle', [path('/a/*/z')], '/a/b/c/z'],
  ['a path by two *', [path('*a*b')], '/xaabab'],
  ['a path by ?, which is one character', [path('/a?')], '/ab'],
  ['a path by any of several values', [path('/x', '/y')], '/y'],
  ['a path whatever the query', [path('/a')], '/a?b=/c'],
  ['a percent-encoded path as it was sent', [path('/a%2Fb')], '/a%2Fb'],
  [
    'a path written the first way, with Values beside Field',
    [{ Field: 'path-pattern', Values: ['/a'] }],
    '/a',
  ],
  ['a host whatever its case', [host('API.example.com')], '/', { headers: { host: 'api.EXAMPLE.com' } }],
  ['a host whatever its port', [host('api.example.com')], '/', { headers: { host: 'api.example.com:8080' } }],
  ['a host by wildcard', [host('*.example.com')], '/', { headers: { host: 'a.b.example.com' } }],
  ['a header name whatever its case', [header('X-Kind', 'a')], '/', { headers: { 'x-kind': 'a' } }],
  ['a header value whatever its case', [header('x-kind', 'ABC')], '/', { headers: { 'x-kind': 'abc' } }],
  [
    'a header value by wildcard',
    [header('authorization', 'Bearer *')],
    '/',
    { headers: { authorization: 'bearer x.y.z' } },
  ],
  [
    'a regular expression of a header',
    [headerRegex('x-size', '^[0-9]{3,}$')],
    '/',
    { headers: { 'x-size': '123' } },
  ],
  [
    'one of several regular expressions',
    [headerRegex('x-size', '^a$', '^b')],
    '/',
    { headers: { 'x-size': 'bc' } },
  ],
  ['one value of a repeated header', [header('x-kind', 'b')], '/', { headers: { 'x-kind': ['a', 'b'] } }],
  ['a method', [method('PUT')], '/', { method: 'PUT' }],
  ['a query key and value whatever their case', [query({ Key: 'Version', Value: 'V1' })], '/?version=v1'],
  ['a query value under any key', [query({ Value: '*example*' })], '/?a=b&c=anexample'],
  ['one of several query pairs', [query({ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' })], '/?b=2'],
  ['an escaped * in a query as the character', [query({ Key: 'q', Value: 'a\\*' })], '/?q=a*'],
  ['an escaped ? in a query as the character', [query({ Key: 'q', Value: 'a\\?' })], '/?q=a?'],
  ['the address of the client', [source('10.0.0.0/8', '127.0.0.0/8')], '/'],
  ['every condition of a rule', [path('/a'), method('GET'), header('x', '1')], '/a', { headers: { x: '1' } }],
]

const passing: Row[] = [
  ['a path in another case', [path('/a')], '/A'],
  ['a path that only begins like the pattern', [path('/a')], '/a/b'],
  ['a path that only ends like the pattern', [path('/a')], '/b/a'],
  ['? with no character', [path('/a?')], '/a'],
  ['? with two characters', [path('/a?')], '/abc'],
  ['a decoded path against an encoded pattern', [path('/a%2Fb')], '/a/b'],
  ['an encoded path against a plain pattern', [path('/a/b')], '/a%2Fb'],
  ['a dot in a host, which is a dot', [host('a.example.com')], '/', { headers: { host: 'axexample.com' } }],
  [
    'a host that only ends in the pattern',
    [host('example.com')],
    '/',
    { headers: { host: 'a.example.com' } },
  ],
  [
    'a regular expression of a header',
    [headerRegex('x-size', '^[0-9]{3,}$')],
    '/',
    { headers: { 'x-size': '12' } },
  ],
  ['a header for a regular expression', [headerRegex('x-size', '.*')], '/'],
  ['a header that is missing', [header('x-kind', '*')], '/'],
  ['a wildcard in a header name', [header('x-*', 'a')], '/', { headers: { 'x-kind': 'a' } }],
  [
    'the forwarded address of a client',
    [source('10.0.0.0/8')],
    '/',
    { headers: { 'x-forwarded-for': '10.1.1.1' } },
  ],
  ['another method', [method('PUT')], '/', { method: 'POST' }],
  ['HEAD where GET is asked for', [method('GET')], '/', { method: 'HEAD' }],
  ['a query value under another key', [query({ Key: 'a', Value: '1' })], '/?b=1'],
  ['a query value in the path', [query({ Value: 'x' })], '/x'],
  ['an escaped * as a wildcard', [query({ Key: 'q', Value: 'a\\*' })], '/?q=abc'],
  ['a rule of which one condition fails', [path('/a'), method('PUT')], '/a'],
]

describe('conditions of a rule', () => {
  for (const [title, conditions, target, options] of matching) {
    it(`match ${title}`, async () => {
      const alb = await startAlb({ rules: [{ priority: 1, conditions, actions: [fixed(200, 'rule')] }] })
      expect(await send(alb.port, target, options)).toMatchObject({ status: 200, text: 'rule' })
    })
  }
  for (const [title, conditions, target, options] of passing) {
    it(`do not match ${title}`, async () => {
      const alb = await startAlb({ rules: [{ priority: 1, conditions, actions: [fixed(200, 'rule')] }] })
      expect((await send(alb.port, target, options)).status).toBe(404)
    })
  }
  it('match in bounded time however many wildcards meet a long text', async () => {
    const conditions = [path('/*a*a*a*a*b')]
    const alb = await startAlb({ rules: [{ priority: 1, conditions, actions: [fixed(200, 'rule')] }] })
    expect((await send(alb.port, `/${'a'.repeat(12_000)}`)).status).toBe(404)
  })
})

describe('rules of a listener', () => {
  const rule = (priority: number, body: string): RuleSpec => ({
    priority,
    conditions: [path('/*')],
    actions: [fixed(200, body)],
  })

  it('are tried by priority, not by their place in the template', async () => {
    const alb = await startAlb({ rules: [rule(30, 'last'), rule(2, 'first'), rule(10, 'second')] })
    expect((await send(alb.port, '/')).text).toBe('first')
    expect(alb.log[0]).toMatchObject({ rulePriority: 2, actions: ['fixed-response'] })
  })

  it('leave the rest to the default action', async () => {
    const alb = await startAlb({ rules: [{ ...rule(1, 'x'), conditions: [path('/x')] }] })
    expect(await send(alb.port, '/y')).toMatchObject({ status: 404, text: 'default' })
    expect(alb.log[0]).toMatchObject({ rulePriority: 0 })
  })

  it('of another listener are not served', async () => {
    const template = templateOf({ rules: [rule(1, 'x')] })
    const resources = { ...template.Resources }
    resources.Http = {
      Type: 'AWS::ElasticLoadBalancingV2::Listener',
      Properties: { Protocol: 'HTTP', DefaultActions: [fixed(200, 'http')] },
    }
    const https = await startAlb({ ...template, Resources: resources })
    const http = await startAlb({ ...template, Resources: resources }, { listener: 'Http' })
    expect((await send(https.port, '/')).text).toBe('x')
    expect((await send(http.port, '/')).text).toBe('http')
  })

  it('are served for a listener that the template does not make', async () => {
    const template = templateOf({ rules: [{ ...rule(1, 'x'), conditions: [path('/x')] }] })
    const { Https: _, Balancer: __, Rule0: shared, ...rest } = template.Resources ?? {}
    const listenerArn = 'arn:aws:elasticloadbalancing:eu-central-1:1:listener/app/a/b/c'
    const properties = { ...shared?.Properties, ListenerArn: listenerArn }
    const Rule0 = { Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: properties }
    const alb = await startAlb({ Resources: { ...rest, Rule0 } })
    expect((await send(alb.port, '/x')).text).toBe('x')
    expect((await send(alb.port, '/y')).status).toBe(404)
  })
})

describe('a template that cannot be served', () => {
  const ruleOf = (change: Partial<RuleSpec>) =>
    templateOf({ rules: [{ priority: 1, conditions: [path('/')], actions: [fixed(200, '')], ...change }] })
  const authenticate = {
    Type: 'authenticate-oidc',
    AuthenticateOidcConfig: {
      Issuer: 'https://i',
      AuthorizationEndpoint: 'https://i/a',
      TokenEndpoint: 'https://i/t',
      UserInfoEndpoint: 'https://i/u',
      ClientId: 'c',
      ClientSecret: 's',
    },
  }
  const refusals: [title: string, template: ReturnType<typeof templateOf>][] = [
    ['a condition of an unknown field', ruleOf({ conditions: [{ Field: 'cookie' }] })],
    ...['(', '(?=a)', '(a)\\1', '\\p{L}', 'x'.repeat(129)].map(
      (regex): [string, ReturnType<typeof templateOf>] => [
        `the regular expression ${regex.slice(0, 8)} for a header`,
        ruleOf({ conditions: [headerRegex('x', regex)] }),
      ],
    ),
    ['no regular expression', ruleOf({ conditions: [headerRegex('x')] })],
    [
      'a regular expression for a path',
      ruleOf({ conditions: [{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/a'] } }] }),
    ],
    ['a condition without values', ruleOf({ conditions: [path()] })],
    ['a source that is no range', ruleOf({ conditions: [source('somewhere')] })],
    ['an action of an unknown type', ruleOf({ actions: [{ Type: 'authenticate-cognito' }, fixed(200, '')] })],
    ['a rule that only authenticates', ruleOf({ actions: [authenticate] })],
    ['a rule with two last actions', ruleOf({ actions: [fixed(200, ''), forwardMulti] })],
    ['a rule that authenticates last', ruleOf({ actions: [fixed(200, ''), authenticate] })],
    [
      'a forward to no Lambda target group',
      ruleOf({ actions: [{ Type: 'forward', TargetGroupArn: { Ref: 'Gone' } }] }),
    ],
    ['a rule without a priority', ruleOf({ priority: 0 })],
    [
      'two rules of one priority',
      templateOf({
        rules: [1, 1].map((priority) => ({ priority, conditions: [path('/')], actions: [fixed(200, '')] })),
      }),
    ],
    [
      'authentication on an HTTP listener',
      templateOf({
        protocol: 'HTTP',
        rules: [{ priority: 1, conditions: [path('/')], actions: [authenticate, fixed(200, '')] }],
      }),
    ],
    ['no listener at all', { Resources: {} }],
  ]
  for (const [title, template] of refusals) {
    it(`is refused at the start: ${title}`, async () => {
      await expect(startAlb(template)).rejects.toBeInstanceOf(TemplateError)
    })
  }
  it('is refused with the place of the mistake', async () => {
    const error = await startAlb(ruleOf({ conditions: [path()] })).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ where: 'Resources.Rule0.Properties.Conditions.0' })
  })
})
