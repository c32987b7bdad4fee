import {
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownerOnly } from '../../../local/aws/access.ts'
import { LOCAL_CREDENTIALS } from '../../../local/aws/credentials.ts'
import { findSecret } from '../../../local/aws/local-secret.ts'
import {
  generateSecretString,
  type LocalSecretsManager,
  startSecretsManager,
} from '../../../local/aws/secrets-manager.ts'

const SECRET = {
  arn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:flyte/client-AbC123',
  name: 'flyte/client',
  value: '{"key":"value"}',
}

let server: LocalSecretsManager
let client: SecretsManagerClient

beforeAll(async () => {
  server = await startSecretsManager({ secrets: [SECRET], access: ownerOnly })
  client = new SecretsManagerClient({
    endpoint: server.endpoint,
    region: 'eu-west-1',
    credentials: LOCAL_CREDENTIALS,
  })
})
afterAll(() => server.close())

describe('GetSecretValue', () => {
  for (const [how, id] of [
    ['its ARN', SECRET.arn],
    ['its name', SECRET.name],
    ['its ARN without the last characters', SECRET.arn.slice(0, -7)],
  ] as const) {
    it(`finds a secret by ${how}`, async () => {
      const { SecretString, Name } = await client.send(new GetSecretValueCommand({ SecretId: id }))
      expect({ SecretString, Name }).toEqual({ SecretString: SECRET.value, Name: SECRET.name })
    })
  }

  it('does not find another one', async () => {
    await expect(client.send(new GetSecretValueCommand({ SecretId: 'flyte/cli' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    expect(findSecret([SECRET], 'flyte')).toBeUndefined()
  })

  it('is the only operation', async () => {
    await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
    })
  })

  it('is refused without a signature', async () => {
    const response = await fetch(server.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'secretsmanager.GetSecretValue' },
      body: JSON.stringify({ SecretId: SECRET.name }),
    })
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('value')
  })
})

describe('a generated secret', () => {
  it('has the length and the characters that were asked for', () => {
    const secret = generateSecretString({ PasswordLength: 86, ExcludePunctuation: true })
    expect(secret).toMatch(/^[A-Za-z0-9]{86}$/)
    expect(
      generateSecretString({ ExcludeLowercase: true, ExcludeUppercase: true, ExcludePunctuation: 'true' }),
    ).toMatch(/^\d{32}$/)
  })

  it('is put into its JSON document under its key', () => {
    const secret = JSON.parse(
      generateSecretString({ SecretStringTemplate: '{"user":"me"}', GenerateStringKey: 'password' }),
    )
    expect(secret).toMatchObject({ user: 'me', password: expect.stringMatching(/^.{32}$/) })
  })

  it('is another one each time', () => {
    expect(generateSecretString({})).not.toBe(generateSecretString({}))
  })
})
