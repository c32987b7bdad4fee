import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Access } from '../../../local/aws/access.ts'
import { ownerOnly } from '../../../local/aws/access.ts'
import { type Credentials, LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { madeSecrets } from '../../../local/aws/made-secrets.ts'
import { startSecretsManager } from '../../../local/aws/secrets-manager.ts'
import { secretArn } from '../../../local/resource-names.ts'
import { RESTRICTED_CREDENTIALS, restrictedAccess } from './restricted.ts'

const REGION = 'eu-west-1'
const DECLARED = {
  arn: `${secretArn(REGION, 'declared')}-AbC123`,
  name: 'declared',
  value: 'of the template',
}
const token = (n: number) => String(n).padStart(32, '0')

async function start(options: { file?: string | null; access?: Access; credentials?: Credentials } = {}) {
  const { file = null, access = ownerOnly, credentials = LOCAL_CREDENTIALS } = options
  const made = await madeSecrets({ declared: [DECLARED], region: REGION, file })
  const server = await startSecretsManager({ secrets: [DECLARED], access, made })
  const client = new SecretsManagerClient({ endpoint: server.endpoint, region: REGION, credentials })
  return { ...server, client }
}

let server: Awaited<ReturnType<typeof start>>
beforeAll(async () => {
  server = await start()
})
afterAll(() => server.close())

const make = (Name: string, SecretString: string, n: number) =>
  server.client.send(new CreateSecretCommand({ Name, SecretString, ClientRequestToken: token(n) }))
const put = (SecretId: string, SecretString: string, n: number) =>
  server.client.send(new PutSecretValueCommand({ SecretId, SecretString, ClientRequestToken: token(n) }))
const read = async (SecretId: string) =>
  (await server.client.send(new GetSecretValueCommand({ SecretId }))).SecretString
const named = (name: string) => expect.objectContaining({ name })

describe('a secret that is made', () => {
  it('is read by its name and by its ARN, which has six characters more', async () => {
    const { ARN } = await make('a', 'one', 1)
    expect(ARN).toMatch(/:secret:a-\w{6}$/)
    expect(await read('a')).toBe('one')
    expect(await read(ARN as string)).toBe('one')
  })

  it('may hold bytes', async () => {
    const SecretBinary = new Uint8Array([0, 255])
    await server.client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary }))
    const answer = await server.client.send(new GetSecretValueCommand({ SecretId: 'bytes' }))
    expect([...(answer.SecretBinary ?? [])]).toEqual([0, 255])
  })

  it('is made once, however often the same request comes', async () => {
    await make('once', 'one', 1)
    await make('once', 'one', 1)
    await expect(make('once', 'two', 1)).rejects.toEqual(named('ResourceExistsException'))
    await expect(make('once', 'one', 2)).rejects.toEqual(named('ResourceExistsException'))
  })

  it('is replaced by a version that is new, and stays for one that is known', async () => {
    await make('versions', 'one', 1)
    await put('versions', 'two', 2)
    await put('versions', 'one', 1)
    expect(await read('versions')).toBe('two')
    await expect(put('versions', 'three', 2)).rejects.toEqual(named('ResourceExistsException'))
  })

  it('is kept for a while after it is deleted, and can be brought back', async () => {
    await make('deleted', 'one', 1)
    const SecretId = 'deleted'
    await server.client.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }))
    for (const call of [() => make(SecretId, 'two', 2), () => put(SecretId, 'two', 2), () => read(SecretId)])
      await expect(call()).rejects.toEqual(named('InvalidRequestException'))
    expect((await server.client.send(new DescribeSecretCommand({ SecretId }))).DeletedDate).toBeInstanceOf(
      Date,
    )
    await server.client.send(new RestoreSecretCommand({ SecretId }))
    expect(await read(SecretId)).toBe('one')
    expect((await server.client.send(new DescribeSecretCommand({ SecretId }))).DeletedDate).toBeUndefined()
  })

  it('is gone at once if that is asked for', async () => {
    await make('forced', 'one', 1)
    const forced = { SecretId: 'forced', ForceDeleteWithoutRecovery: true }
    await server.client.send(new DeleteSecretCommand(forced))
    await make('forced', 'two', 2)
    expect(await read('forced')).toBe('two')
  })

  it('is not found before it is made', async () => {
    for (const command of [
      new DescribeSecretCommand({ SecretId: 'no' }),
      new DeleteSecretCommand({ SecretId: 'no' }),
      new RestoreSecretCommand({ SecretId: 'no' }),
      new PutSecretValueCommand({ SecretId: 'no', SecretString: 'x' }),
    ] as DescribeSecretCommand[])
      await expect(server.client.send(command)).rejects.toEqual(named('ResourceNotFoundException'))
  })

  it('has a value of 64 KB at most, and a name without spaces', async () => {
    await expect(make('large', 'x'.repeat(65_537), 1)).rejects.toEqual(named('ValidationException'))
    await expect(make('empty', '', 1)).rejects.toEqual(named('ValidationException'))
    await expect(make('a b', 'x', 1)).rejects.toEqual(named('ValidationException'))
  })

  it('has no name of the template', async () => {
    await expect(make('declared', 'x', 1)).rejects.toEqual(named('ResourceExistsException'))
    expect(await read('declared')).toBe('of the template')
  })
})

it('a function makes the secrets that its role allows, and reads none of them', async () => {
  const access = restrictedAccess([
    [['secretsmanager:CreateSecret', 'secretsmanager:DescribeSecret'], [secretArn(REGION, 'mine/*')]],
  ])
  const { client, close } = await start({ access, credentials: RESTRICTED_CREDENTIALS })
  try {
    await client.send(new CreateSecretCommand({ Name: 'mine/a', SecretString: 'x' }))
    await client.send(new DescribeSecretCommand({ SecretId: 'mine/a' }))
    for (const command of [
      new GetSecretValueCommand({ SecretId: 'mine/a' }),
      new DeleteSecretCommand({ SecretId: 'mine/a' }),
      new CreateSecretCommand({ Name: 'theirs/a', SecretString: 'x' }),
      new DescribeSecretCommand({ SecretId: 'theirs/a' }),
    ] as GetSecretValueCommand[])
      await expect(client.send(command)).rejects.toEqual(named('AccessDeniedException'))
  } finally {
    await close()
  }
})

it('secrets that are made outlive a restart, in a file that its owner alone reads', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'made-secrets-'))
  const file = join(directory, 'made.json')
  try {
    const first = await start({ file })
    await first.client.send(new CreateSecretCommand({ Name: 'kept', SecretString: 'x' }))
    await first.close()
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const second = await start({ file })
    const { SecretString } = await second.client.send(new GetSecretValueCommand({ SecretId: 'kept' }))
    expect(SecretString).toBe('x')
    await second.close()
  } finally {
    await rm(directory, { recursive: true })
  }
})
