import type { Template } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, it } from 'vitest'
import { readScheduleSettings } from '../../../functions/shared/stores/scheduler/settings.ts'
import { flat, resourceOf, resourcesOf, type Tree, templateWith } from '../fixtures.ts'

let template: Template
beforeAll(() => {
  template = templateWith()
})

interface Statement {
  readonly Action: string | string[]
  readonly Resource: unknown
  readonly Condition?: Tree
}

const ROLE = 'AWS::IAM::Role'
const plain = (value: unknown) => flat(value).replaceAll(/[0-9A-F]{8}/g, '')
const statementsOf = (prefix: string) => {
  const { PolicyDocument } = resourceOf(template, 'AWS::IAM::Policy', prefix).Properties
  return (PolicyDocument as { Statement: Statement[] }).Statement
}
const FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:<AWS::AccountId>:function:flyte-runs:live'

describe('the schedules of triggers', () => {
  it('are in a group of the deployment, named after it', () => {
    const group = resourceOf(templateWith({ name: 'team' }), 'AWS::Scheduler::ScheduleGroup')
    expect(group.Properties).toEqual({ Name: 'team-triggers' })
  })

  it('call the function that fires them, at its live alias, and nothing else', () => {
    const alias = resourceOf(template, 'AWS::Lambda::Alias', 'FunctionsRuns').Properties
    const runs = resourceOf(template, 'AWS::Lambda::Function', 'FunctionsRuns').Properties
    expect(`${runs.FunctionName}:${alias.Name}`).toBe('flyte-runs:live')
    const [statement, ...more] = statementsOf('TriggersRole')
    expect(more).toEqual([])
    expect(statement?.Action).toBe('lambda:InvokeFunction')
    expect(plain(statement?.Resource)).toBe(FUNCTION_ARN)
  })

  it('take their role only from EventBridge Scheduler, for this account and this group', () => {
    const { AssumeRolePolicyDocument: policy } = resourceOf(template, ROLE, 'TriggersRole').Properties
    const [statement] = (policy as { Statement: Tree[] }).Statement
    expect(statement).toMatchObject({
      Action: 'sts:AssumeRole',
      Principal: { Service: 'scheduler.amazonaws.com' },
      Condition: {
        StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
        ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [expect.stringMatching(/^TriggersGroup/), 'Arn'] } },
      },
    })
  })

  it('are told to the function that keeps them, and to no other', () => {
    for (const [id, { Properties }] of resourcesOf(template, 'AWS::Lambda::Function')) {
      const { Variables = {} } = (Properties.Environment ?? {}) as { Variables?: Tree }
      const told = Variables.TRIGGER_SCHEDULES
      expect(told !== undefined).toBe(id.startsWith('FunctionsRuns'))
      if (told === undefined) continue
      expect(readScheduleSettings(plain(told))).toEqual({
        groupName: 'flyte-triggers',
        functionArn: FUNCTION_ARN,
        roleArn: '<TriggersRole.Arn>',
      })
    }
  })

  it('are made, replaced and deleted in the group, with a role that goes to the scheduler only', () => {
    const statements = statementsOf('FunctionsRunsRole')
    const schedules = statements.filter(({ Action }) => [Action].flat()[0]?.startsWith('scheduler:'))
    expect(schedules.map(({ Action, Resource }) => [Action, plain(Resource)])).toEqual([
      [
        ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule', 'scheduler:UpdateSchedule'],
        'arn:aws:scheduler:eu-west-1:<AWS::AccountId>:schedule/flyte-triggers/*',
      ],
    ])
    const passes = statements.filter(({ Action }) => Action === 'iam:PassRole')
    expect(passes.map(({ Resource, Condition }) => [plain(Resource), Condition])).toEqual([
      ['<TriggersRole.Arn>', { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } }],
    ])
  })
})
