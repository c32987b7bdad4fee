/** Secrets out of AWS Secrets Manager. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Clock } from '../clock.ts'
import { ServiceError } from '../errors.ts'
import type { SecretReader } from '../secret-reader.ts'
import { createRefreshed, type Refreshed } from '../tokens/refreshed.ts'

export interface SecretsManagerReaderDeps {
  readonly client: SecretsManagerClient
  readonly now: Clock
}

const MINUTE_MS = 60_000
/** How long a value is given without asking again. */
export const SECRET_FRESH_MS = 5 * MINUTE_MS
/** How long the last value is given while Secrets Manager does not answer. */
const STALE_MS = 60 * MINUTE_MS
const PAUSE_MS = 5_000

/** Makes the reader: each secret is read once for everybody, and again after a few minutes. */
export function createSecretsManagerReader({ client, now }: SecretsManagerReaderDeps): SecretReader {
  const secrets = new Map<string, Refreshed<string>>()
  return async (name) => {
    let secret = secrets.get(name)
    if (secret === undefined) {
      const load = () => readSecret(client, name)
      secret = createRefreshed({ load, now, freshMs: SECRET_FRESH_MS, staleMs: STALE_MS, pauseMs: PAUSE_MS })
      secrets.set(name, secret)
    }
    return secret.get()
  }
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
