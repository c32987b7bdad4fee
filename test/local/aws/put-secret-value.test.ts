/** Secrets that are replaced, by whoever may. */
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createReplaceableSecret } from '../../../functions/shared/secrets/replaceable-secret.ts'
import { type Access, ownerOnly } from '../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { type LocalSecretsManager, startSecretsManager } from '../../../local/aws/secrets-manager.ts'

const SECRET = {
  arn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys-AbC123',
  name: 'keys',
  value: 'first',
}
const TOKEN = 'a'.repeat(32)

let server: LocalSecretsManager
let client: SecretsManagerClient
let kept: [string, string][]

async function start(access: Access = ownerOnly): Promise<void> {
  server = await startSecretsManager({
    secrets: [SECRET],
    access,
    onChange: async (name, value) => void kept.push([name, value]),
  })
  client = new SecretsManagerClient({
    endpoint: server.endpoint,
    region: 'eu-west-1',
    credentials: LOCAL_CREDENTIALS,
  })
}

beforeEach(async () => {
  kept = []
  await start()
})
afterEach(() => server.close())

const read = () => client.send(new GetSecretValueCommand({ SecretId: SECRET.name }))
const put = (SecretString: string | undefined, ClientRequestToken?: string) =>
  client.send(new PutSecretValueCommand({ SecretId: SECRET.arn, SecretString, ClientRequestToken }))

describe('PutSecretValue', () => {
  it('replaces the value under a version of its own, and has it kept', async () => {
    const before = await read()
    const { VersionId } = await put('second')
    expect(await read()).toMatchObject({ SecretString: 'second', VersionId })
    expect(VersionId).not.toBe(before.VersionId)
    expect(kept).toEqual([['keys', 'second']])
  })

  it('is done once for one token, however often it is asked', async () => {
    await put('second', TOKEN)
    await put('second', TOKEN)
    expect(await read()).toMatchObject({ SecretString: 'second', VersionId: TOKEN })
  })

  it('refuses another value for the same token', async () => {
    await put('second', TOKEN)
    await expect(put('third', TOKEN)).rejects.toMatchObject({ name: 'ResourceExistsException' })
    expect((await read()).SecretString).toBe('second')
  })

  for (const [what, value, token] of [
    ['no value', undefined, undefined],
    ['a token that is too short', 'second', 'short'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await expect(put(value, token)).rejects.toMatchObject({ name: 'InvalidParameterException' })
      expect((await read()).SecretString).toBe('first')
    })
  }

  it('does not find another secret', async () => {
    const elsewhere = new PutSecretValueCommand({ SecretId: 'other', SecretString: 'x' })
    await expect(client.send(elsewhere)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('is refused to whoever may only read', async () => {
    await server.close()
    await start({
      callerOf: () => ({
        secretAccessKey: LOCAL_CREDENTIALS.secretAccessKey,
        refusal: (action, resource) =>
          action === 'secretsmanager:GetSecretValue'
            ? undefined
            : {
                action,
                resource,
                principal: 'arn:aws:sts::123456789012:assumed-role/r/f',
                because: 'implicit',
              },
      }),
    })
    await expect(put('second')).rejects.toMatchObject({ name: 'AccessDeniedException' })
    expect((await read()).SecretString).toBe('first')
  })

  it('lets one of several win that replace the same version', async () => {
    const secrets = [1, 2, 3].map(() => createReplaceableSecret(client, SECRET.arn))
    const versions = await Promise.all(secrets.map((secret) => secret.read()))
    const won = await Promise.all(
      secrets.map((secret, index) => secret.replace(`by ${index}`, versions[index] as never)),
    )
    expect(won.filter(Boolean)).toHaveLength(1)
    expect((await read()).SecretString).toBe(`by ${won.indexOf(true)}`)
  })
})
