/** A permission that is missing from the template is missing on one machine, too. */
import { setTimeout as sleep } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError } from '@connectrpc/connect'
import { InputsSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { TaskService } from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterEach, describe, expect, it } from 'vitest'
import type { CloudFormationResource, CloudFormationTemplate } from '../../local/alb/index.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import { bearer, client, describeMaker, PROJECT, sampleRun, signIn } from './support/clients.ts'

type Change = (template: CloudFormationTemplate) => CloudFormationTemplate
type Statement = { readonly Action: string | string[]; readonly Resource: unknown }

const lines: string[] = []
const stacks: Stack[] = []
afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.close()))
  lines.length = 0
})

async function start(template?: Change): Promise<Stack> {
  const onLogLine = (name: string, line: string) => lines.push(`${name}  ${line}`)
  const stack = await startStack({ port: 0, onLogLine, ...(template && { template }) })
  stacks.push(stack)
  return stack
}

/** What the log says about calls that are not allowed. */
const denials = () => lines.filter((line) => line.includes(' may not '))

const changeResources =
  (change: (resource: CloudFormationResource, id: string) => CloudFormationResource | undefined): Change =>
  (template) => ({
    ...template,
    Resources: Object.fromEntries(
      Object.entries(template.Resources ?? {}).flatMap(([id, resource]) => {
        const changed = change(resource, id)
        return changed === undefined ? [] : [[id, changed]]
      }),
    ),
  })

/** Takes an action out of the statements for resources whose text in the template matches. */
const without = (action: string, resources: RegExp): Change =>
  changeResources((resource) => {
    if (resource.Type !== 'AWS::IAM::Policy') return resource
    const document = resource.Properties?.PolicyDocument as { Statement: Statement[] }
    const left = document.Statement.map((statement) => {
      if (!resources.test(JSON.stringify(statement.Resource))) return statement
      return { ...statement, Action: [statement.Action].flat().filter((one) => one !== action) }
    })
    const Statement = left.filter(({ Action }) => Action.length > 0)
    return { ...resource, Properties: { ...resource.Properties, PolicyDocument: { Statement } } }
  })

const withoutInvokePermission = (group: RegExp): Change =>
  changeResources((resource) =>
    resource.Type === 'AWS::Lambda::Permission' && group.test(JSON.stringify(resource.Properties?.SourceArn))
      ? undefined
      : resource,
  )

async function runsOf(stack: Stack) {
  return client(stack, RunService, await bearer(stack, { person: 'ada' }))
}

async function failureOf(call: Promise<unknown>): Promise<ConnectError | undefined> {
  return call.then(
    () => undefined,
    (error: unknown) => ConnectError.from(error),
  )
}

/** A run whose inputs and task spec are kept in S3: no inputs are none, and a small spec is an attribute. */
function largeRun() {
  const request = sampleRun()
  const target = request.task.case === 'taskSpec' ? request.task.value.taskTemplate?.target : undefined
  if (target?.case !== 'container') throw new TypeError('the sample runs no container')
  target.value.args = ['x'.repeat(400 * 1024)]
  const inputs = create(InputsSchema, { literals: [{ name: 'x' }] })
  request.inputWrapper = { case: 'inputs', value: inputs }
  return request
}

/** Deploys a task with a trigger that is due in a second. */
async function deployTrigger(stack: Stack): Promise<void> {
  const value = { value: 1, unit: 1, startTime: timestampFromMs(Date.now() - 59_000) }
  const schedule = { expression: { case: 'rate' as const, value } }
  const automationSpec = { type: 2, automation: { case: 'schedule' as const, value: schedule } }
  const headers = await bearer(stack, { person: 'ada' })
  await client(stack, TaskService, headers).deployTask({
    taskId: { project: PROJECT.name, domain: PROJECT.domain, name: 'hello', version: 'v1' },
    spec: sampleRun().task.value as never,
    triggers: [{ name: 'soon', spec: { active: true }, automationSpec }],
  })
}

const list = { scopeBy: { case: 'projectId', value: PROJECT }, request: { limit: 10 } } as const

describe('with the permissions of the template', () => {
  it('nothing that the functions do is refused', async () => {
    const stack = await start()
    const { browser } = await signIn(stack, 'grace')
    for (const runs of [
      await runsOf(stack),
      client(stack, RunService, { cookie: browser.cookies(stack.url) }),
    ]) {
      const { run } = await runs.createRun(largeRun())
      const runId = run?.action?.id?.run
      await runs.getRunDetails(runId === undefined ? {} : { runId })
      await runs.listRuns(list)
      await runs.abortRun(runId === undefined ? {} : { runId })
    }
    expect(denials()).toEqual([])
  })
})

describe('without a permission of a function', () => {
  it('to write runs, no run is made, and the log says which statement is missing where', async () => {
    const stack = await start(without('dynamodb:PutItem', /TablesRuns\w+","Arn"\]\}$/))
    const runs = await runsOf(stack)
    const failure = await failureOf(runs.createRun(sampleRun()))
    expect(failure).toMatchObject({ code: Code.Unavailable })
    expect(failure?.rawMessage).not.toContain('arn:')
    expect(denials()).toContainEqual(
      expect.stringMatching(
        /^flyte-runs {2}flyte-runs may not do dynamodb:PutItem on arn:aws:dynamodb:.*: no statement of its role allows it; allow 'dynamodb:PutItem' on this resource in lib\/constructs\/permissions\.ts\.$/,
      ),
    )
    expect((await runs.listRuns(list)).runs).toEqual([])
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(200)
  })

  it('to write objects, no run is made', async () => {
    const stack = await start(without('s3:PutObject', /StorageBucket/))
    const runs = await runsOf(stack)
    expect(await failureOf(runs.createRun(largeRun()))).toMatchObject({ code: Code.Unavailable })
    expect(denials()).toContainEqual(
      expect.stringMatching(/ may not do s3:PutObject on arn:aws:s3:::[\w-]+\/flyte\/\*: no statement/),
    )
    expect((await runs.listRuns(list)).runs).toEqual([])
  })

  it('to query an index, runs are made and read, and not listed', async () => {
    const stack = await start(without('dynamodb:Query', /index\/byProject/))
    const runs = await runsOf(stack)
    const { run } = await runs.createRun(sampleRun())
    const runId = run?.action?.id?.run
    expect((await runs.getRunDetails(runId === undefined ? {} : { runId })).details).toBeDefined()
    expect(await failureOf(runs.listRuns(list))).toMatchObject({ code: Code.Unavailable })
    expect(denials()).toContainEqual(expect.stringContaining('dynamodb:Query on '))
  })

  it('to keep claims, a run still knows who made it', async () => {
    const stack = await start(
      changeResources((resource) => {
        const text = JSON.stringify(resource)
        if (resource.Type !== 'AWS::IAM::Policy' || !text.includes('TablesAuth')) return resource
        const document = resource.Properties?.PolicyDocument as { Statement: Statement[] }
        const Statement = document.Statement.filter((one) => !JSON.stringify(one).includes('TablesAuth'))
        return { ...resource, Properties: { ...resource.Properties, PolicyDocument: { Statement } } }
      }),
    )
    const runs = await runsOf(stack)
    const { run } = await runs.createRun(sampleRun())
    const runId = run?.action?.id?.run
    const { details } = await runs.getRunDetails(runId === undefined ? {} : { runId })
    expect(describeMaker(details?.action?.metadata?.executedBy)).toMatchObject({ email: 'ada@example.com' })
    expect(denials().length).toBeGreaterThan(0)
  })
})

describe('without a permission of schedules', () => {
  it('to be handed their role, no trigger is switched on', async () => {
    const stack = await start(without('iam:PassRole', /TriggersRole/))
    const failure = await failureOf(deployTrigger(stack))
    expect(failure).toMatchObject({ code: Code.Unavailable })
    expect(denials()).toContainEqual(expect.stringContaining('flyte-runs may not do iam:PassRole on '))
  })

  it('to call the function, a trigger makes no run, and the log says where that is put right', async () => {
    const stack = await start(without('lambda:InvokeFunction', /function:flyte-runs:live/))
    await deployTrigger(stack)
    const deadline = Date.now() + 10_000
    while (denials().length === 0 && Date.now() < deadline) await sleep(100)
    expect(denials()).toContainEqual(expect.stringContaining('see lib/constructs/trigger-schedules.ts'))
    expect((await (await runsOf(stack)).listRuns(list)).runs).toEqual([])
  })
})

describe('without a permission of the load balancer', () => {
  it('for one target group, its routes answer 502, and the others live', async () => {
    const stack = await start(withoutInvokePermission(/flyte-runs-open/))
    const failure = await failureOf((await runsOf(stack)).createRun(sampleRun()))
    expect(failure).toMatchObject({ code: Code.Unavailable })
    const response = await fetch(`${stack.url}/flyteidl2.workflow.RunService/ListRuns`, { method: 'POST' })
    expect(response.status).toBe(502)
    expect(denials()).toContainEqual(expect.stringMatching(/flyte-runs-open\/.*target-groups\.ts\.$/))
    const { browser } = await signIn(stack, 'grace')
    const signedIn = client(stack, RunService, { cookie: browser.cookies(stack.url) })
    await expect(signedIn.createRun(sampleRun())).resolves.toBeDefined()
  })
})
