/** Secrets out of AWS Secrets Manager. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Clock } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import type { SecretReader } from '../secret-reader.ts'
import { keepSecrets } from './kept-secrets.ts'

export interface SecretsManagerReaderDeps {
  readonly client: SecretsManagerClient
  readonly now: Clock
}

/** Makes the reader: each secret is read once for everybody, and again after a few minutes. */
export function createSecretsManagerReader({ client, now }: SecretsManagerReaderDeps): SecretReader {
  return keepSecrets((name) => readSecret(client, name), now)
}

async function readSecret(client: SecretsManagerClient, name: string): Promise<string> {
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: name }))
    if (text === undefined) throw new TypeError('the secret is not a text')
    return text
  } catch (error) {
    throw new ServiceError('secret_unavailable', { cause: error })
  }
}
