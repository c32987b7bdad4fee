/** A run as the SDK starts one: the code and the inputs first, and then the run that names both. */
import { createHash } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { ClusterService } from '@flyteorg/flyteidl2/flyteidl2/cluster/service_pb.ts'
import { TaskMetadataSchema } from '@flyteorg/flyteidl2/flyteidl2/core/tasks_pb.ts'
import { DataProxyService } from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { TaskService } from '@flyteorg/flyteidl2/flyteidl2/task/task_service_pb.ts'
import { RunService } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { bearer, client, describeMaker, type Headers, PROJECT, sampleRun } from './support/clients.ts'

let stack: Stack
let headers: Headers

beforeAll(async () => {
  stack = await startStack({ port: 0 })
  headers = await bearer(stack, { person: 'ada' })
})
afterAll(() => stack?.close())

const inProject = { case: 'projectId' as const, value: PROJECT }
const place = { org: '', project: PROJECT.name, domain: PROJECT.domain }

/** Uploads a bundle by the link that the stack gives, and says where it is then. */
async function upload(bundle: Buffer): Promise<string> {
  const {
    signedUrl,
    nativeUrl,
    headers: sent,
  } = await client(stack, DataProxyService, headers).createUploadLocation({
    ...place,
    filename: 'fast.tar.gz',
    contentMd5: new Uint8Array(createHash('md5').update(bundle).digest()),
    expiresIn: { seconds: 60n, nanos: 0 },
    addContentMd5Metadata: true,
  })
  const answer = await fetch(signedUrl, { method: 'PUT', headers: sent, body: new Uint8Array(bundle) })
  expect(answer.status).toBe(200)
  return nativeUrl
}

it('a bundle and inputs are uploaded, and a run of a deployed task is made, watched and read', async () => {
  const { clusterEndpoint } = await client(stack, ClusterService, headers).selectCluster({
    resource: inProject,
    operation: 1,
  })
  expect(clusterEndpoint).toBe('')
  const codeBundleUri = await upload(Buffer.from('a bundle of code'))
  const { task } = sampleRun()
  if (task.case !== 'taskSpec') throw new TypeError('the sample has no task')
  const value = { ...place, name: 'hello', version: 'sdk' }
  const template = { ...task.value.taskTemplate, metadata: create(TaskMetadataSchema, { codeBundleUri }) }
  await client(stack, TaskService, headers).deployTask({
    taskId: value,
    spec: { ...task.value, taskTemplate: template } as never,
  })
  const data = client(stack, DataProxyService, headers)
  const byId = { case: 'taskId' as const, value }
  const { offloadedInputData } = await data.uploadInputs({
    id: inProject,
    task: byId,
    inputs: { literals: [{ name: 'x' }] },
  })
  const runs = client(stack, RunService, headers)
  const { run } = await runs.createRun({
    id: inProject,
    task: byId,
    inputWrapper: { case: 'offloadedInputData', value: offloadedInputData as never },
  })
  const actionId = run?.action?.id
  if (actionId === undefined) throw new TypeError('the run has no id')
  const watched = []
  for await (const { details } of runs.watchActionDetails({ actionId })) watched.push(details)
  expect(watched).toMatchObject([{ status: { phase: 1, attempts: 1 }, spec: { case: 'task' } }])
  expect(describeMaker(watched[0]?.metadata?.executedBy)).toMatchObject({ email: 'ada@example.com' })
  // Nothing has written outputs: the function's role has to tell that from what it may not read.
  expect(await data.getActionData({ actionId })).toMatchObject({
    inputs: { literals: [{ name: 'x' }] },
    outputs: { literals: [] },
  })
  const link = await data.createDownloadLink({ artifactType: 2, source: byId })
  const answer = await fetch(link.preSignedUrls?.signedUrl[0] as string)
  expect(await answer.text()).toBe('a bundle of code')
})

it('a link takes no other bytes than those that were announced', async () => {
  const { signedUrl, headers: sent } = await client(stack, DataProxyService, headers).createUploadLocation({
    ...place,
    filename: 'other.tar.gz',
    contentMd5: new Uint8Array(createHash('md5').update('one').digest()),
  })
  expect((await fetch(signedUrl, { method: 'PUT', headers: sent, body: 'two' })).ok).toBe(false)
  expect((await fetch(signedUrl, { method: 'PUT', body: 'one' })).status).toBe(403)
})
