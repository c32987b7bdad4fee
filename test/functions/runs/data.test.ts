import { createHash, randomBytes } from 'node:crypto'
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { InputsSchema, OutputsSchema } from '@flyteorg/flyteidl2/flyteidl2/task/common_pb.ts'
import { ActionAttemptSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_definition_pb.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ObjectStore } from '../../../functions/shared/stores/object-store.ts'
import { createS3ObjectStore } from '../../../functions/shared/stores/s3/object-store.ts'
import { ownerOnly } from '../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { type LocalS3, startS3 } from '../../../local/aws/s3.ts'
import { RUNS_TABLE } from '../../support/dynamodb.ts'
import { functionSettings, NOW_MS } from '../../support/identity-fixture.ts'
import { putAction } from './action-fixture.ts'
import {
  byTaskSpec,
  type Clients,
  named,
  PROJECT,
  type RunsFunction,
  runIdOf,
  startRunsFunction,
  taskSpec,
} from './runs-function.ts'

const PREFIX = functionSettings('https://idp.example').runs.storagePrefix
const BUCKET = PREFIX.split('/')[2] as string
let s3: LocalS3
let service: RunsFunction
let ada: Clients
let objects: ObjectStore

beforeAll(async () => {
  s3 = await startS3({ buckets: [BUCKET], directory: null, access: ownerOnly })
  vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint)
  vi.stubEnv('AWS_REGION', 'eu-west-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', LOCAL_CREDENTIALS.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', LOCAL_CREDENTIALS.secretAccessKey)
  objects = createS3ObjectStore()
  service = await startRunsFunction({ objects })
  ada = service.clients(await service.bearer('ada'))
})
afterAll(async () => {
  await service.close()
  await s3.close()
  vi.unstubAllEnvs()
})

const inProject = { case: 'projectId' as const, value: PROJECT }
const inputsOf = (...names: string[]) => ({ literals: names.map((name) => ({ name })) })
const md5Of = (body: Uint8Array) => new Uint8Array(createHash('md5').update(body).digest())

type Upload = Parameters<Clients['data']['createUploadLocation']>[0]
const uploadOf = (body: Uint8Array, more: object = {}): Upload => ({
  ...{ project: 'flytesnacks', domain: 'development', org: '', filename: 'fast.tar.gz' },
  contentMd5: md5Of(body),
  expiresIn: { seconds: 60n, nanos: 0 },
  addContentMd5Metadata: true,
  ...more,
})
const put = (
  { signedUrl, headers }: { signedUrl: string; headers: Record<string, string> },
  body: Uint8Array,
  more: Record<string, string> = {},
) => fetch(signedUrl, { method: 'PUT', body: Buffer.from(body), headers: { ...headers, ...more } })

describe('CreateUploadLocation', () => {
  const bundle = Buffer.from('a bundle')

  it('gives a link that takes the bundle as the SDK sends it, with whatever content type', async () => {
    const location = await ada.data.createUploadLocation(uploadOf(bundle))
    expect(location.nativeUrl).toMatch(
      new RegExp(`^${PREFIX}/flytesnacks/development/[A-Z2-7]{26}={6}/fast\\.tar\\.gz$`),
    )
    expect(location.expiresAt?.seconds).toBe(BigInt(NOW_MS / 1000 + 60))
    const md5 = Buffer.from(md5Of(bundle)).toString('base64')
    for (const contentType of ['application/gzip', 'text/html']) {
      const answer = await put(location, bundle, { 'Content-MD5': md5, 'content-type': contentType })
      expect(answer.status).toBe(200)
    }
    expect(Buffer.from((await objects.find(location.nativeUrl)) as Uint8Array)).toEqual(bundle)
  })

  for (const filename of ['my data (1).csv', 'größe 漢字 👩‍💻.txt', "a/it's b/c&d;e,f!~*$.bin"]) {
    it(`takes a file under the name that somebody gave it: ${filename}`, async () => {
      const location = await ada.data.createUploadLocation(uploadOf(bundle, { filename }))
      expect(location.nativeUrl.endsWith(`/${filename}`)).toBe(true)
      expect((await put(location, bundle)).status).toBe(200)
      expect(Buffer.from((await objects.find(location.nativeUrl)) as Uint8Array)).toEqual(bundle)
    })
  }

  it('gives a link that takes nothing else', async () => {
    const location = await ada.data.createUploadLocation(uploadOf(bundle, { filename: 'other.tar.gz' }))
    const other = Buffer.from('something else')
    expect((await put(location, other)).ok).toBe(false)
    const otherMd5 = Buffer.from(md5Of(other)).toString('base64')
    expect((await put(location, other, { 'Content-MD5': otherMd5 })).status).toBe(403)
    const elsewhere = { ...location, signedUrl: location.signedUrl.replace('other.tar', 'another.tar') }
    expect((await put(elsewhere, bundle)).status).toBe(403)
    expect(await objects.find(location.nativeUrl)).toBeUndefined()
  })

  it('takes the same file in a named folder again, and no other one', async () => {
    const request = uploadOf(bundle, { filenameRoot: 'release/1' })
    const location = await ada.data.createUploadLocation(request)
    expect(location.nativeUrl).toBe(`${PREFIX}/flytesnacks/development/release/1/fast.tar.gz`)
    expect((await put(location, bundle)).status).toBe(200)
    expect((await ada.data.createUploadLocation(request)).nativeUrl).toBe(location.nativeUrl)
    const other = uploadOf(Buffer.from('something else'), { filenameRoot: 'release/1' })
    await expect(ada.data.createUploadLocation(other)).rejects.toMatchObject({ code: 6 })
    expect(service.lastCall()?.outcome).toBe('upload_exists')
  })

  it('lets no link work longer than an hour', async () => {
    const long = await ada.data.createUploadLocation(
      uploadOf(bundle, { expiresIn: { seconds: 100_000n, nanos: 0 } }),
    )
    expect(long.expiresAt?.seconds).toBe(BigInt(NOW_MS / 1000 + 3_600))
    expect(new URL(long.signedUrl).searchParams.get('X-Amz-Expires')).toBe('3600')
  })

  const refused: [string, Upload, number][] = [
    ['an MD5 of another length', { contentMd5: new Uint8Array(3) }, 3],
    ['neither an MD5 nor a folder', { contentMd5: new Uint8Array() }, 3],
    ['no file name', { filename: '' }, 3],
    ['a file name that leads out', { filename: '../x' }, 3],
    ['a folder that leads out', { filenameRoot: 'a/../../b' }, 3],
    ['a folder at the root', { filenameRoot: '/a' }, 3],
    ['a file name with a line end', { filename: 'a\nb' }, 3],
    ['a file name that stays where it is', { filename: 'a/./b' }, 3],
    ['a file name with an empty folder', { filename: 'a//b' }, 3],
    ['a folder that ends with a slash', { filenameRoot: 'a/' }, 3],
    ['a file name that leads out elsewhere', { filename: '..\\x' }, 3],
    ['a file name that a URI would end in', { filename: 'a?b' }, 3],
    ['a file name with a fragment', { filename: 'a#b' }, 3],
    ['a file name that is read in two ways', { filename: '%2e%2e/x' }, 3],
    ['a file name of too many bytes', { filename: 'ü'.repeat(201) }, 3],
    ['another domain', { domain: 'nowhere' }, 3],
    ['a project that there is none of', { project: 'nothing' }, 5],
    ['too large a file', { contentLength: 200_000_000n }, 11],
  ]
  for (const [title, more, code] of refused) {
    it(`refuses ${title}`, async () => {
      await expect(ada.data.createUploadLocation(uploadOf(bundle, more))).rejects.toMatchObject({ code })
    })
  }
})

describe('UploadInputs', () => {
  it('writes the inputs where a run finds them', async () => {
    const { offloadedInputData } = await ada.data.uploadInputs({
      id: inProject,
      task: byTaskSpec(),
      inputs: inputsOf('x', 'y'),
    })
    const uri = offloadedInputData?.uri as string
    expect(uri.startsWith(`${PREFIX}/flytesnacks/development/offloaded-inputs/`)).toBe(true)
    const stored = fromBinary(InputsSchema, (await objects.find(`${uri}/inputs.pb`)) as Uint8Array)
    expect(stored.literals.map(({ name }) => name)).toEqual(['x', 'y'])
    await ada.runs.createRun({
      id: named('uploaded'),
      task: byTaskSpec(),
      inputWrapper: { case: 'offloadedInputData', value: offloadedInputData as never },
    })
    const { inputs, outputs } = await ada.data.getActionData({
      actionId: { run: runIdOf('uploaded'), name: 'a0' },
    })
    expect(inputs?.literals.map(({ name }) => name)).toEqual(['x', 'y'])
    expect(outputs?.literals).toEqual([])
  })

  it('hashes what the task counts, and keeps apart what is not the same', async () => {
    const metadata = { cacheIgnoreInputVars: ['y'] }
    const task = {
      case: 'taskSpec' as const,
      value: taskSpec({ taskTemplate: { type: 'python', metadata } } as never),
    }
    const upload = async (...names: string[]) =>
      (await ada.data.uploadInputs({ id: inProject, task, inputs: inputsOf(...names) })).offloadedInputData
    const [one, two] = [await upload('x'), await upload('x', 'y')]
    expect(one?.inputsHash).toBe(two?.inputsHash)
    expect(one?.uri).not.toBe(two?.uri)
  })

  it('knows what a deployed task counts', async () => {
    const value = { ...{ org: '', project: 'flytesnacks', domain: 'development' }, name: 't', version: 'v1' }
    const metadata = { cacheIgnoreInputVars: ['y'] }
    await ada.tasks.deployTask({
      taskId: value,
      spec: taskSpec({ taskTemplate: { type: 'python', metadata } } as never),
    })
    const upload = async (...names: string[]) =>
      (
        await ada.data.uploadInputs({
          id: inProject,
          task: { case: 'taskId', value },
          inputs: inputsOf(...names),
        })
      ).offloadedInputData?.inputsHash
    expect(await upload('x')).toBe(await upload('x', 'y'))
  })

  it('keeps fields that are newer than the generated code', async () => {
    const unknown = Buffer.from([0xfa, 0x3e, 0x02, 0x68, 0x69])
    const { offloadedInputData } = await ada.data.uploadInputs({
      id: inProject,
      task: byTaskSpec(),
      inputs: fromBinary(InputsSchema, unknown),
    })
    const stored = await objects.find(`${offloadedInputData?.uri}/inputs.pb`)
    expect(Buffer.from(stored as Uint8Array)).toEqual(unknown)
  })

  type Inputs = Parameters<Clients['data']['uploadInputs']>[0]
  const nobody = { org: '', project: 'flytesnacks', domain: 'development', name: 'nothing', version: 'v1' }
  const refused: [string, Inputs, number][] = [
    ['no place', { task: byTaskSpec() }, 3],
    ['no task', { id: inProject }, 3],
    [
      'another domain',
      { id: { case: 'projectId', value: { ...PROJECT, domain: 'nowhere' } }, task: byTaskSpec() },
      3,
    ],
    [
      'a project that there is none of',
      { id: { case: 'projectId', value: { ...PROJECT, name: 'nothing' } }, task: byTaskSpec() },
      5,
    ],
    ['a task that there is none of', { id: inProject, task: { case: 'taskId', value: nobody } }, 5],
  ]
  for (const [title, request, code] of refused) {
    it(`refuses ${title}`, async () => {
      await expect(ada.data.uploadInputs(request)).rejects.toMatchObject({ code })
    })
  }
})

describe('GetActionData', () => {
  const outputsUri = `${PREFIX}/outputs/outputs.pb`
  const actionId = { run: runIdOf('data'), name: 'a0' }
  const setOutputs = (uri: string) =>
    service.database.client.send(
      new UpdateItemCommand({
        TableName: RUNS_TABLE,
        Key: { pk: { S: 'RUN#flytesnacks#development#data' }, sk: { S: 'ACTION#a0' } },
        UpdateExpression: 'SET outputsUri = :u',
        ExpressionAttributeValues: { ':u': { S: uri } },
      }),
    )
  const bytesOf = (name: string) => toBinary(OutputsSchema, create(OutputsSchema, inputsOf(name)))
  beforeAll(async () => {
    await ada.runs.createRun({ id: named('data'), task: byTaskSpec() })
    await setOutputs(outputsUri)
  })

  it('is empty where there is nothing yet', async () => {
    expect(await ada.data.getActionData({ actionId })).toMatchObject({
      inputs: { literals: [] },
      outputs: { literals: [] },
    })
  })

  it('has the outputs once they are there, from either service', async () => {
    await objects.put(outputsUri, bytesOf('o'))
    const { outputs } = await ada.data.getActionData({ actionId })
    expect(outputs?.literals).toMatchObject([{ name: 'o' }])
    expect((await ada.runs.getActionData({ actionId })).outputs).toEqual(outputs)
  })

  it('has large outputs that compress well', async () => {
    await objects.put(outputsUri, bytesOf('o'.repeat(2_000_000)))
    const { outputs } = await ada.data.getActionData({ actionId })
    expect(outputs?.literals[0]?.name).toHaveLength(2_000_000)
  })

  for (const megabytes of [1.5, 40]) {
    it(`says how large ${megabytes} MB are, and where to read them`, async () => {
      await objects.put(outputsUri, bytesOf(randomBytes((megabytes * 1_000_000) / 2).toString('hex')))
      const error = await ada.data.getActionData({ actionId }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({
        code: 11,
        rawMessage: expect.stringContaining(`${megabytes.toFixed(1)} MB`),
      })
      expect(service.lastCall()?.outcome).toBe('data_too_large')
    })
  }

  it('says so for outputs that cannot be read, or are not ours to read', async () => {
    await objects.put(outputsUri, new Uint8Array([0xff, 0xff]))
    await expect(ada.data.getActionData({ actionId })).rejects.toMatchObject({ code: 9 })
    expect(service.lastCall()?.outcome).toBe('data_unreadable')
    for (const uri of [`s3://${BUCKET}-other/outputs.pb`, `${PREFIX}-other/outputs.pb`, 'file:///etc/x']) {
      await setOutputs(uri)
      await expect(ada.data.getActionData({ actionId })).rejects.toMatchObject({ code: 9 })
      expect(service.lastCall()?.outcome).toBe('data_elsewhere')
    }
  })

  it('says not_found for an action that there is none of', async () => {
    const call = ada.data.getActionData({ actionId: { run: runIdOf('nothing'), name: 'a0' } })
    await expect(call).rejects.toMatchObject({ code: 5 })
  })
})

describe('CreateDownloadLink', () => {
  const link = (name: string, attempt = 1) =>
    ada.data.createDownloadLink({
      artifactType: 1,
      source: {
        case: 'actionAttemptId',
        value: { actionId: { run: runIdOf('reports'), name }, attempt } as never,
      },
    })
  beforeAll(async () => {
    await ada.runs.createRun({ id: named('reports'), task: byTaskSpec() })
    const reported = (reportUri: string) => ({
      attempt1: {
        B: toBinary(ActionAttemptSchema, create(ActionAttemptSchema, { outputs: { reportUri } })),
      },
    })
    const action = { type: 1, phase: 5, atMs: NOW_MS }
    await putAction(service, 'reports', {
      ...action,
      name: 'told',
      item: reported(`${PREFIX}/told/report.html`),
    })
    await putAction(service, 'reports', {
      ...action,
      name: 'beside',
      item: { outputsUri: { S: `${PREFIX}/beside/1/outputs.pb` } },
    })
    await putAction(service, 'reports', {
      ...action,
      name: 'elsewhere',
      item: reported('s3://elsewhere/report.html'),
    })
  })

  it('leads to the report of an attempt', async () => {
    for (const [name, uri] of [
      ['told', `${PREFIX}/told/report.html`],
      ['beside', `${PREFIX}/beside/1/report.html`],
    ] as const) {
      await objects.put(uri, Buffer.from(name))
      const { preSignedUrls } = await link(name)
      const answer = await fetch(preSignedUrls?.signedUrl[0] as string)
      expect(await answer.text()).toBe(name)
    }
  })

  it('leads to the code of a deployed task', async () => {
    const codeBundleUri = `${PREFIX}/bundle.tar.gz`
    await objects.put(codeBundleUri, Buffer.from('code'))
    const value = { ...{ org: '', project: 'flytesnacks', domain: 'development' }, name: 'c', version: 'v1' }
    await ada.tasks.deployTask({
      taskId: value,
      spec: taskSpec({ taskTemplate: { type: 'python', metadata: { codeBundleUri } } } as never),
    })
    const source = { case: 'taskId' as const, value }
    const { preSignedUrls } = await ada.data.createDownloadLink({ artifactType: 2, source })
    expect(await (await fetch(preSignedUrls?.signedUrl[0] as string)).text()).toBe('code')
  })

  it('is refused for what is not there, or not ours', async () => {
    await expect(link('a0')).rejects.toMatchObject({ code: 5 })
    expect(service.lastCall()?.outcome).toBe('artifact_not_found')
    await expect(link('beside', 7)).rejects.toMatchObject({ code: 5 })
    await expect(link('nothing')).rejects.toMatchObject({ code: 5 })
    await expect(link('elsewhere')).rejects.toMatchObject({ code: 9 })
    await expect(ada.data.createDownloadLink({ artifactType: 1 })).rejects.toMatchObject({ code: 3 })
  })
})
