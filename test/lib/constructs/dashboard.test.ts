import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { routesFor } from '../../../functions/shared/routes.ts'
import { consoleHost } from '../../../lib/constructs/dashboard.ts'
import { EXISTING, flat, resourceOf, self, type Tree, templateWith } from '../fixtures.ts'

const PROJECT = join(import.meta.dirname, '../../..')
const SERVICE: Tree = { ingress: { browserAuth: 'service' } }
const WITH_TASKS: Tree = {
  internal: { enabled: true, protocol: 'HTTP', allowedCidrs: ['10.0.0.0/16'] },
}

interface Widget {
  readonly x: number
  readonly width: number
  readonly y: number
  readonly properties: { readonly title: string; readonly metrics?: unknown[][]; readonly query?: string }
}

const bodyOf = (template: Template): string =>
  flat(resourceOf(template, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody)

/** The widgets by their titles. */
function widgetsOf(change: Tree = {}): Map<string, Widget> {
  const { widgets } = JSON.parse(bodyOf(templateWith(change))) as { widgets: Widget[] }
  return new Map(widgets.map((widget) => [widget.properties.title, widget]))
}

const textOf = (widget: Widget | undefined) => JSON.stringify(widget?.properties)
const queriesOf = (widgets: Map<string, Widget>) =>
  [...widgets.values()]
    .flatMap(({ properties }) => properties.metrics ?? [])
    .flatMap((line) => (line.at(-1) as { expression?: string }).expression ?? [])

let widgets: Map<string, Widget>
beforeAll(() => {
  widgets = widgetsOf()
})

describe('the dashboard', () => {
  it('has alarms, the front door, functions, outcomes, tables and triggers, in this order', () => {
    expect([...widgets.keys()]).toEqual([
      'Alarms',
      'Front door: requests',
      'Front door: answers of functions',
      'Front door: answers of the load balancer itself',
      'Front door: seconds, p50',
      'Front door: seconds, p90',
      'Front door: seconds, p99',
      'Front door: sign-ins and tokens',
      'Functions: errors',
      'Functions: throttles',
      'Functions: milliseconds, p50',
      'Functions: milliseconds, p99',
      'Calls that failed, by outcome',
      'Calls that failed, by operation',
      'Userinfo that did not answer',
      'Runs table: throttled requests',
      'Runs table: errors of DynamoDB',
      'Auth table: throttled requests',
      'Auth table: errors of DynamoDB',
      'Triggers: calls of schedules',
      'Triggers: calls given up by Lambda',
      'Triggers: firings, by outcome',
    ])
  })

  it('fills every row and overlaps nowhere', () => {
    const all = widgetsOf({ ...self(), ...SERVICE, ...WITH_TASKS })
    for (const y of new Set([...all.values()].map((widget) => widget.y))) {
      const row = [...all.values()].filter((widget) => widget.y === y).sort((a, b) => a.x - b.x)
      const ends = row.map(({ x, width }) => x + width)
      expect([0, ...ends]).toEqual([...row.map(({ x }) => x), 24])
    }
  })

  it('has a name of its own for each region, and an output that opens it', () => {
    const template = templateWith()
    expect(resourceOf(template, 'AWS::CloudWatch::Dashboard').Properties.DashboardName).toBe(
      'flyte-serverless-eu-west-1',
    )
    expect(template.toJSON().Outputs.DashboardUrl.Value).toBe(
      'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/flyte-serverless-eu-west-1',
    )
  })

  it('is opened in the console of its part of AWS', () => {
    expect(consoleHost('us-gov-west-1')).toBe('us-gov-west-1.console.amazonaws-us-gov.com')
    expect(consoleHost('cn-north-1')).toBe('cn-north-1.console.amazonaws.cn')
  })

  it('can be left out, with its output, and has no alarms on it where there are none', () => {
    const without = templateWith({ monitoring: { dashboard: false } })
    without.resourceCountIs('AWS::CloudWatch::Dashboard', 0)
    expect(without.toJSON().Outputs).not.toHaveProperty('DashboardUrl')
    expect([...widgetsOf({ monitoring: { alarms: false } }).keys()]).not.toContain('Alarms')
  })

  it('leaves room for more in the largest template', () => {
    const template = templateWith({ ...self(), ...SERVICE, ...WITH_TASKS }).toJSON()
    expect(Object.keys(template.Resources).length).toBeLessThan(250)
    expect(JSON.stringify(template).length).toBeLessThan(500_000)
  })
})

describe('our own metrics on the dashboard', () => {
  it('are asked for by the names and dimensions that the functions publish', () => {
    const script = `
      import { createTelemetry } from './functions/shared/telemetry.ts'
      import { newCall } from './functions/shared/call.ts'
      const response = { status: 200, headers: {}, body: '' }
      createTelemetry().callEnded({ request: undefined, response, call: newCall(), durationMs: 1 })`
    const lines = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: PROJECT,
      encoding: 'utf8',
      env: { POWERTOOLS_SERVICE_NAME: 'runs', POWERTOOLS_METRICS_NAMESPACE: 'flyte', NODE_NO_WARNINGS: '1' },
    })
    const line = lines.split('\n').find((one) => one.includes('CloudWatchMetrics')) ?? '{}'
    const [published] = JSON.parse(line)._aws.CloudWatchMetrics
    const own = queriesOf(widgetsOf({ ...self(), ...SERVICE })).filter((one) => one.includes('"service"'))
    expect(own).toHaveLength(5)
    expect(published.Metrics.map(({ Name }: { Name: string }) => Name)).toContain('Calls')
    const schema = [published.Namespace, ...published.Dimensions[0]].map((name) => `"${name}"`).join(', ')
    for (const query of own) expect(query).toContain(`SELECT SUM(Calls) FROM SCHEMA(${schema})`)
  })

  it('are those of this deployment', () => {
    expect(queriesOf(widgetsOf({ name: 'team' })).join()).toContain('SCHEMA("team", ')
  })

  it('name operations and services that there are', () => {
    const routes = routesFor({ authServerType: 'Self', browserAuth: 'service' })
    const named = queriesOf(widgetsOf({ ...self(), ...SERVICE })).flatMap((query) => [
      ...query.matchAll(/"service" = '([^']+)'(?: AND "operation" = '([^']+)')?/g),
    ])
    expect(named.map(([, service]) => service)).toEqual(['authorization-server', 'login'])
    for (const [, service, operation] of named) {
      const own = routes.filter((route) => route.function === service)
      const paths = own.flatMap((route) => (route.kind === 'path' ? route.path : []))
      expect(operation === undefined ? paths.length > 0 : paths.includes(operation)).toBe(true)
    }
  })
})

describe('what is drawn', () => {
  const proofs = 'Front door: sign-ins and tokens'

  it('is what this deployment counts: sign-ins where the load balancer makes them', () => {
    expect(textOf(widgets.get(proofs))).toContain('"ELBAuthFailure"')
    expect(textOf(widgets.get(proofs))).toContain('"JWTValidationFailureCount"')
    const service = widgetsOf(SERVICE)
    expect(textOf(service.get(proofs))).not.toContain('ELBAuth')
    expect(service.has('Browser sessions, by outcome')).toBe(true)
    const neither = widgetsOf({ ingress: { browserAuth: 'service', jwtValidation: false } })
    expect(neither.has(proofs)).toBe(false)
  })

  it('is what our authorization server gives, and the rotation of its keys', () => {
    const all = [...widgetsOf(self()).keys()]
    expect(all.filter((title) => !widgets.has(title))).toEqual([
      'Tokens asked for, by outcome',
      'Key rotation',
      'Key rotation: steps',
    ])
    const kms = widgetsOf(self({ signing: 'kms' }))
    expect(kms.has('Tokens asked for, by outcome')).toBe(true)
    expect(kms.has('Key rotation')).toBe(false)
  })

  it('is the door of running tasks, by its own load balancer', () => {
    const tasks = textOf(widgetsOf(WITH_TASKS).get('Door of running tasks: requests'))
    expect(tasks).toContain('<Internal')
    expect(tasks).toContain('actions-internal')
    expect(textOf(widgetsOf(WITH_TASKS).get('Front door: requests'))).not.toContain('actions-internal')
  })

  it('is our own entrances on a listener of others, and says where it is not', () => {
    const shared = widgetsOf(EXISTING)
    expect(textOf(shared.get('Front door: requests'))).toMatch(
      /"app\/shared\/0123456789abcdef","TargetGroup",/,
    )
    for (const title of ['answers of the load balancer itself', 'sign-ins and tokens']) {
      expect(shared.has(`Front door: ${title}, with those of neighbours`)).toBe(true)
    }
  })

  it('is read from logs only where the lines are written', () => {
    expect(widgets.get('Userinfo that did not answer')?.properties.query).toMatch(
      /^SOURCE '\/aws\/lambda\/flyte-runs' \| /,
    )
    const quiet = widgetsOf({ ...self(), functions: { logLevel: 'WARN' } })
    expect([...quiet.values()].filter(({ properties }) => properties.query !== undefined)).toEqual([])
  })
})
