import type { DescMethod } from '@bufbuild/protobuf'
import { IdentityService } from '@flyteorg/flyteidl2/flyteidl2/auth/identity_pb.ts'
import { ClusterService } from '@flyteorg/flyteidl2/flyteidl2/cluster/service_pb.ts'
import { DataProxyService } from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { ProjectService } from '@flyteorg/flyteidl2/flyteidl2/project/project_service_pb.ts'
import { SecretService } from '@flyteorg/flyteidl2/flyteidl2/secret/secret_pb.ts'
import { SettingsService } from '@flyteorg/flyteidl2/flyteidl2/settings/settings_service_pb.ts'
import { TaskService } from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { TriggerService } from '@flyteorg/flyteidl2/flyteidl2/trigger/trigger_service_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callThrough } from '../../support/alb-event.ts'
import { type RunsFunction, startRunsFunction } from './runs-function.ts'

let service: RunsFunction
beforeAll(async () => {
  service = await startRunsFunction()
})
afterAll(() => service.close())

const IMPLEMENTED = new Set([
  'CreateRun',
  'GetRunDetails',
  'GetActionDetails',
  'GetActionDataURIs',
  'ListRuns',
  'GetActionLogContext',
  'WatchClusterEvents',
  'ListActions',
  'WatchRunDetails',
  'WatchActionDetails',
  'WatchRuns',
  'WatchActions',
  'WatchGroups',
  'AbortRun',
  'AbortAction',
  'DeployTask',
  'GetTaskDetails',
  'ListTasks',
  'ListVersions',
  'SelectCluster',
  'GetSettings',
  'GetSettingsForEdit',
  'CreateSettings',
  'UpdateSettings',
  'CreateSecret',
  'UpdateSecret',
  'GetSecret',
  'DeleteSecret',
  'ListSecrets',
  'CreateUploadLocation',
  'UploadInputs',
  'GetActionData',
  'CreateDownloadLink',
  'TailLogs',
  'DeployTrigger',
  'GetTriggerDetails',
  'GetTriggerRevisionDetails',
  'GetTriggerRevisionHistory',
  'ListTriggers',
  'UpdateTriggers',
  'DeleteTriggers',
  'UserInfo',
  'GetProject',
  'ListProjects',
  'CreateProject',
  'UpdateProject',
])

const methods: DescMethod[] = [
  ...[
    RunService,
    IdentityService,
    ProjectService,
    TaskService,
    ClusterService,
    TriggerService,
    DataProxyService,
    SettingsService,
    SecretService,
  ],
].flatMap((one) => one.methods)
const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`
const typeOf = (method: DescMethod) =>
  method.methodKind === 'unary' ? 'application/proto' : 'application/connect+proto'
const EMPTY_ENVELOPE = new Uint8Array(5)
const bodyOf = (method: DescMethod) => (method.methodKind === 'unary' ? new Uint8Array() : EMPTY_ENVELOPE)

describe('the methods of the services that runs answers', () => {
  for (const method of methods.filter(({ name }) => !IMPLEMENTED.has(name))) {
    it(`answer unimplemented, cleanly: ${method.name}`, async () => {
      const headers = { ...(await service.bearer()), 'content-type': typeOf(method) }
      const answer = await callThrough(service.handler, {
        method: 'POST',
        path: pathOf(method),
        headers,
        body: bodyOf(method),
      })
      expect(answer.text).toContain('"code":"unimplemented"')
      expect(service.lastCall()?.outcome).toBe('rpc_unimplemented')
    })
  }

  for (const method of methods) {
    it(`need a caller: ${method.name}`, async () => {
      const headers = { 'content-type': typeOf(method) }
      const answer = await callThrough(service.handler, {
        method: 'POST',
        path: pathOf(method),
        headers,
        body: bodyOf(method),
      })
      expect(answer.text).toMatch(/"code":"(unauthenticated|unimplemented)"/)
      expect(answer.text).not.toContain('internal')
    })
  }

  it('do not include what the service does not have', async () => {
    const headers = { ...(await service.bearer()), 'content-type': 'application/proto' }
    const path = '/flyteidl2.workflow.RunService/PauseRun'
    const answer = await callThrough(service.handler, { method: 'POST', path, headers })
    expect(answer.status).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'unimplemented' })
  })

  it('are not reachable over the network of the tasks', async () => {
    const answer = await callThrough(service.handler, {
      method: 'POST',
      path: '/flyteidl2.workflow.RunService/ListRuns',
      headers: await service.bearer(),
      access: 'internal',
    })
    expect(answer.status).toBe(403)
  })
})
