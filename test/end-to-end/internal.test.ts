/** Two load balancers: what running tasks report over the internal one is what people see over the public one. */
import { create } from '@bufbuild/protobuf'
import { createClient } from '@connectrpc/connect'
import { compressionGzip, createConnectTransport } from '@connectrpc/connect-node'
import { ActionsService } from '@flyteorg/flyteidl2/flyteidl2/actions/actions_service_pb.ts'
import { ActionPhase } from '@flyteorg/flyteidl2/flyteidl2/common/phase_pb.ts'
import { InternalRunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/internal_run_service_pb.ts'
import { ListRunsRequestSchema, RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { bearer, client, describeMaker, type Headers, PROJECT, sampleRun } from './support/clients.ts'

let stack: Stack
let headers: Headers
const lines: string[] = []

beforeAll(async () => {
  stack = await startStack({
    port: 0,
    settings: { internal: { enabled: true, protocol: 'HTTP', allowedCidrs: ['10.0.0.0/8'] } },
    onLogLine: (name, line) => void lines.push(`${name} ${line}`),
  })
  headers = await bearer(stack, { person: 'ada' })
})
afterAll(() => stack?.close())

/** A task that runs: no credential, every request compressed. */
const task = <S extends typeof ActionsService | typeof InternalRunService>(service: S) =>
  createClient(
    service,
    createConnectTransport({
      baseUrl: stack.internalUrl ?? '',
      httpVersion: '1.1',
      sendCompression: compressionGzip,
      compressMinBytes: 0,
    }),
  )

async function newRun() {
  const { run } = await client(stack, RunService, headers).createRun(sampleRun())
  const id = run?.action?.id
  if (id?.run === undefined) throw new TypeError('the run has no id')
  return id.run
}

describe('an action that a task asks for over the internal load balancer', () => {
  it('is seen by RunService as it goes on, in the name of who made the run', async () => {
    const run = await newRun()
    const actions = task(ActionsService)
    const actionId = { run, name: 'child' }
    const { task: root } = sampleRun()
    const action = {
      actionId,
      parentActionName: 'a0',
      inputUri: 's3://bucket/child/inputs.pb',
      runOutputBase: 's3://bucket/run',
      spec: { case: 'task', value: { id: { ...run, version: 'v1' }, spec: root.value } },
    }
    // A task repeats it until it has an answer.
    for (let i = 0; i < 2; i += 1) await actions.enqueue({ action } as never)
    const runs = client(stack, RunService, headers)
    const childOf = async () => (await runs.getActionDetails({ actionId: actionId as never })).details
    expect((await childOf())?.status?.phase).toBe(ActionPhase.QUEUED)
    expect(describeMaker((await childOf())?.metadata?.executedBy)).toMatchObject({ email: 'ada@example.com' })

    const update = (phase: ActionPhase) =>
      actions.update({ actionId, attempt: 1, status: { phase, attempts: 1 } } as never)
    await update(ActionPhase.RUNNING)
    await update(ActionPhase.SUCCEEDED)
    // Late, and out of order.
    await update(ActionPhase.RUNNING)
    expect((await childOf())?.status?.phase).toBe(ActionPhase.SUCCEEDED)
    const { actions: listed } = await runs.listActions({ runId: run } as never)
    expect(listed.map(({ id }) => id?.name).toSorted()).toEqual(['a0', 'child'])

    const watched = []
    const parentActionId = { run, name: 'a0' }
    const filter = { case: 'parentActionId', value: parentActionId }
    for await (const { message } of actions.watchForUpdates({ filter } as never)) watched.push(message)
    expect(watched).toMatchObject([
      { case: 'actionUpdate', value: { actionId: { name: 'child' }, phase: ActionPhase.SUCCEEDED } },
      { case: 'controlMessage', value: { sentinel: true } },
    ])
  })

  it('is found among the runs that wait while it is paused, and ends with its signal', async () => {
    const run = await newRun()
    const actions = task(ActionsService)
    const action = {
      actionId: { run, name: 'approve' },
      parentActionName: 'a0',
      inputUri: 's3://bucket/x',
      runOutputBase: 's3://bucket/run',
      spec: {
        case: 'condition',
        value: { name: 'approve', runId: run.name, scope: { case: 'global', value: true } },
      },
    }
    await actions.enqueue({ action } as never)
    const request = create(ListRunsRequestSchema, { scopeBy: { case: 'projectId', value: PROJECT } })
    const paused = { ...request, $unknown: [{ no: 9, wireType: 0, data: new Uint8Array([1]) }] }
    const waiting = async () => {
      const { runs } = await client(stack, RunService, headers).listRuns(paused as never)
      return runs.map(({ action: root }) => root?.id?.run?.name)
    }
    expect(await waiting()).toEqual([run.name])
    const value = {
      value: {
        case: 'scalar',
        value: { value: { case: 'primitive', value: { value: { case: 'boolean', value: true } } } },
      },
    }
    await actions.signal({ actionId: action.actionId, parentActionName: 'a0', value } as never)
    expect(await waiting()).toEqual([])
  })

  it('is reported by an executor as well, one message or many', async () => {
    const run = await newRun()
    const internal = task(InternalRunService)
    const actionId = { run, name: 'a0' }
    const status = { phase: ActionPhase.RUNNING, attempts: 1 }
    const answer = await internal.updateActionStatus({ actionId, status } as never)
    expect(answer.status?.code).toBe(0)
    const { details } = await client(stack, RunService, headers).getRunDetails({ runId: run } as never)
    expect(details?.action?.status?.phase).toBe(ActionPhase.RUNNING)
  })
})

describe('each load balancer', () => {
  const ask = (url: string, service: string, method: string) =>
    fetch(`${url}/${service}/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    })

  it('answers its own services and no others', async () => {
    const internalUrl = stack.internalUrl ?? ''
    expect((await ask(internalUrl, 'flyteidl2.workflow.RunService', 'ListRuns')).status).toBe(404)
    expect((await ask(internalUrl, 'flyteidl2.auth.IdentityService', 'UserInfo')).status).toBe(404)
    expect((await fetch(`${internalUrl}/v2`)).status).toBe(404)
    for (const service of ['flyteidl2.actions.ActionsService', 'flyteidl2.workflow.InternalRunService']) {
      expect((await ask(stack.url, service, 'Enqueue')).status).toBe(403)
    }
  })

  it('was allowed everything that was asked of it', () => {
    expect(lines.filter((line) => line.includes('may not'))).toEqual([])
  })
})
