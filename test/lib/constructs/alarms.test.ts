import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { EXISTING, flat, resourcesOf, self, type Tree, templateWith } from '../fixtures.ts'

const RUNBOOK = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8')
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:on-call'
const WITH_TASKS: Tree = {
  internal: { enabled: true, protocol: 'HTTP', allowedCidrs: ['10.0.0.0/16'] },
}

interface Query {
  readonly Id: string
  readonly Expression?: unknown
  readonly ReturnData: boolean
  readonly MetricStat?: { Metric: { MetricName: string; Dimensions: Tree[] }; Period: number; Stat: string }
}

/** The alarms of a template by their names. */
function alarmsOf(template: Template): Record<string, Tree> {
  return Object.fromEntries(
    resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
      String(Properties.AlarmName),
      Properties,
    ]),
  )
}

const queriesOf = (alarm: Tree | undefined) => (alarm?.Metrics ?? []) as Query[]
const expressionOf = (alarm: Tree | undefined) => {
  const shown = queriesOf(alarm).find(({ ReturnData }) => ReturnData)
  return flat(shown?.Expression ?? '').replaceAll(/[0-9A-F]{8}(?=>)/g, '')
}
/** What an alarm of a single metric watches. */
const watchedBy = (alarm: Tree | undefined) => {
  const [stat] = queriesOf(alarm).map(({ MetricStat }) => MetricStat)
  return { metric: stat?.Metric.MetricName, of: stat?.Metric.Dimensions[0]?.Value, period: stat?.Period }
}

let alarms: Record<string, Tree>
let ofSelf: Record<string, Tree>
beforeAll(() => {
  alarms = alarmsOf(templateWith())
  ofSelf = alarmsOf(templateWith(self()))
})

const COMMON = [
  'flyte-auth-table-throttles',
  'flyte-console-errors',
  'flyte-console-throttles',
  'flyte-front-door-answers',
  'flyte-front-door-errors',
  'flyte-metadata-errors',
  'flyte-metadata-throttles',
  'flyte-runs-errors',
  'flyte-runs-table-throttles',
  'flyte-runs-throttles',
  'flyte-triggers-dropped',
  'flyte-triggers-lost',
]

describe('the alarms', () => {
  it('watch the load balancer, every function, the tables and the triggers', () => {
    expect(Object.keys(alarms).sort()).toEqual(COMMON)
  })

  it('watch what a deployment with tasks and an authorization server has beside that', () => {
    const all = Object.keys(alarmsOf(templateWith({ ...self(), ...WITH_TASKS })))
    expect(all.filter((name) => !COMMON.includes(name)).sort()).toEqual([
      'flyte-actions-errors',
      'flyte-actions-throttles',
      'flyte-authorization-server-errors',
      'flyte-authorization-server-throttles',
      'flyte-internal-answers',
      'flyte-internal-errors',
      'flyte-rotate-keys-errors',
      'flyte-rotate-keys-missing',
    ])
  })

  it('say what to do, and where the runbook says more', () => {
    const [, section = ''] = RUNBOOK.split('## When an alarm goes off\n')
    const rows = section.split('\n## ')[0] ?? ''
    for (const [name, { AlarmDescription }] of Object.entries({ ...alarms, ...ofSelf })) {
      expect(AlarmDescription).toMatch(/: .+\. See docs\/runbook\.md, "When an alarm goes off"\.$/)
      expect(String(AlarmDescription).length).toBeLessThan(1024)
      const row = name
        .replace('flyte-', '')
        .replace(/^(metadata|runs|console|authorization-server)-(errors|throttles)$/, '<function>-$2')
      expect(rows).toContain(`\`${row}\``)
    }
  })

  it('take no data for a good sign, except of the rotation', () => {
    for (const [name, { TreatMissingData }] of Object.entries(ofSelf)) {
      expect(TreatMissingData).toBe(name === 'flyte-rotate-keys-missing' ? 'breaching' : 'notBreaching')
    }
  })

  it('tell nobody without a topic', () => {
    for (const alarm of Object.values(alarms)) {
      expect(alarm).not.toHaveProperty('AlarmActions')
      expect(alarm).not.toHaveProperty('OKActions')
    }
  })

  it('tell the topic of the settings when they go off and when it is over', () => {
    const told = Object.values(alarmsOf(templateWith({ monitoring: { alarmTopicArn: TOPIC } })))
    expect(told).toHaveLength(COMMON.length)
    for (const alarm of told) expect(alarm).toMatchObject({ AlarmActions: [TOPIC], OKActions: [TOPIC] })
  })

  it('can be left out', () => {
    templateWith({ monitoring: { alarms: false } }).resourceCountIs('AWS::CloudWatch::Alarm', 0)
  })

  it('have names of their own in every deployment', () => {
    expect(Object.keys(alarmsOf(templateWith({ name: 'team' })))).toContain('team-runs-errors')
  })
})

describe('an alarm of the load balancer', () => {
  it('goes off at a rate that lasts, and at no single failure in a quiet night', () => {
    for (const name of ['flyte-front-door-errors', 'flyte-front-door-answers']) {
      expect(alarms[name]).toMatchObject({ Threshold: 5, EvaluationPeriods: 3, DatapointsToAlarm: 2 })
      expect(expressionOf(alarms[name])).toMatch(/^IF\(failures >= 5, 100 \* failures \/ .+, 0\)$/)
    }
  })

  it('counts its own errors among the requests, which it does not do itself', () => {
    expect(expressionOf(alarms['flyte-front-door-errors'])).toContain('SUM([requests, failures])')
  })

  it('is left out on a listener of others, where failures of our own entrances are counted instead', () => {
    for (const change of [EXISTING, { ...EXISTING, ...self() }]) {
      const shared = alarmsOf(templateWith(change))
      expect(shared).not.toHaveProperty('flyte-front-door-errors')
      const own = shared['flyte-front-door-answers']
      const metrics = queriesOf(own).flatMap(({ MetricStat }) => MetricStat ?? [])
      // An alarm may watch ten.
      expect(metrics.length).toBeGreaterThan(0)
      expect(metrics.length).toBeLessThanOrEqual(10)
      for (const { Metric } of metrics) {
        expect(Metric.MetricName).toBe('HTTPCode_Target_5XX_Count')
        expect(Metric.Dimensions).toContainEqual({
          Name: 'LoadBalancer',
          Value: 'app/shared/0123456789abcdef',
        })
        expect(Metric.Dimensions.map(({ Name }) => Name)).toContain('TargetGroup')
      }
    }
  })
})

describe('an alarm of a table', () => {
  it('counts throttled requests of every operation, those of indexes among them', () => {
    expect(expressionOf(alarms['flyte-runs-table-throttles'])).toBe(
      `SELECT SUM(ThrottledRequests) FROM SCHEMA("AWS/DynamoDB", "TableName", "Operation") WHERE "TableName" = '<TablesRuns>'`,
    )
  })
})

describe('an alarm of triggers', () => {
  it('goes off at a single call that is given up, by the scheduler or by Lambda', () => {
    expect(alarms['flyte-triggers-dropped']).toMatchObject({
      Namespace: 'AWS/Scheduler',
      MetricName: 'InvocationDroppedCount',
      Dimensions: [{ Name: 'ScheduleGroup', Value: 'flyte-triggers' }],
      Threshold: 1,
    })
    const lost = alarms['flyte-triggers-lost']
    expect(watchedBy(lost)).toEqual({ metric: 'AsyncEventsDropped', of: 'flyte-runs', period: 300 })
    expect(lost).toMatchObject({ Threshold: 1 })
  })
})

describe('an alarm of the rotation of keys', () => {
  it('goes off when a run failed with all its tries', () => {
    const failing = ofSelf['flyte-rotate-keys-errors']
    expect(watchedBy(failing)).toEqual({ metric: 'Errors', of: 'flyte-rotate-keys', period: 3600 })
    expect(failing).toMatchObject({ Threshold: 3, EvaluationPeriods: 1 })
  })

  it('goes off when nothing ran for a day', () => {
    const missing = ofSelf['flyte-rotate-keys-missing']
    expect(watchedBy(missing)).toEqual({ metric: 'Invocations', of: 'flyte-rotate-keys', period: 21_600 })
    expect(missing).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 4,
      DatapointsToAlarm: 4,
    })
  })

  it('begins after the first run, so that it does not begin by going off', () => {
    const template = templateWith(self())
    const [firstRun] = resourcesOf(template, 'Custom::SigningKeys').map(([id]) => id)
    const missing = resourcesOf(template, 'AWS::CloudWatch::Alarm').find(
      ([, { Properties }]) => Properties.AlarmName === 'flyte-rotate-keys-missing',
    )
    expect(missing?.[1].DependsOn).toContain(firstRun)
  })

  it('is not there where keys are in KMS, which nothing here rotates', () => {
    const names = Object.keys(alarmsOf(templateWith(self({ signing: 'kms' }))))
    expect(names.filter((name) => name.includes('rotate-keys'))).toEqual([])
  })
})
