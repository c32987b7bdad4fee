import { describe, expect, it } from 'vitest'
import { problemPathsOf, settingsWith, type Tree } from '../fixtures.ts'

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:on-call'
const KEY = 'monitoring.alarmTopicArn'

describe('monitoring', () => {
  it('is a dashboard and alarms that tell nobody, unless the settings say otherwise', () => {
    expect(settingsWith().monitoring).toEqual({ dashboard: true, alarms: true })
  })

  it('takes a topic that is told', () => {
    expect(settingsWith({ monitoring: { alarmTopicArn: TOPIC } }).monitoring.alarmTopicArn).toBe(TOPIC)
  })

  const refusals: [title: string, monitoring: Tree, path: string][] = [
    ['a topic by its name', { alarmTopicArn: 'on-call' }, KEY],
    ['the ARN of a queue', { alarmTopicArn: TOPIC.replace('sns', 'sqs') }, KEY],
    ['the ARN of a subscription', { alarmTopicArn: `${TOPIC}:0a1b2c3d-0000-4000-8000-000000000000` }, KEY],
    ['a topic of another region', { alarmTopicArn: TOPIC.replace('eu-west-1', 'us-east-1') }, KEY],
    ['a topic that no alarm would tell', { alarms: false, alarmTopicArn: TOPIC }, KEY],
    ['a dashboard by its name', { dashboard: 'flyte' }, 'monitoring.dashboard'],
    ['a number of alarms', { alarms: 3 }, 'monitoring.alarms'],
    ['an address to write to', { email: 'ada@example.com' }, 'monitoring.email'],
  ]
  for (const [title, monitoring, path] of refusals) {
    it(`refuses ${title}`, () => expect(problemPathsOf({ monitoring })).toEqual([path]))
  }
})
