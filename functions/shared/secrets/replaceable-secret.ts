/** A secret in AWS Secrets Manager that the deployment itself replaces. */
import { createHash } from 'node:crypto'
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { ServiceError } from '../errors.ts'
import type { ReplaceableSecret, SecretVersion } from '../replaceable-secret.ts'

/** Makes it. @param name The secret's name or ARN. */
export function createReplaceableSecret(client: SecretsManagerClient, name: string): ReplaceableSecret {
  return {
    async read() {
      try {
        const answer = await client.send(new GetSecretValueCommand({ SecretId: name }))
        if (answer.SecretString === undefined) throw new TypeError('the secret is not a text')
        return { text: answer.SecretString, version: answer.VersionId ?? '' }
      } catch (error) {
        throw new ServiceError('secret_unavailable', { cause: error })
      }
    },
    async replace(text, basedOn) {
      const ClientRequestToken = replacementToken(basedOn)
      try {
        await client.send(
          new PutSecretValueCommand({ SecretId: name, SecretString: text, ClientRequestToken }),
        )
        return true
      } catch (error) {
        // The same token with another text: somebody else has replaced this very version already.
        if (error instanceof Error && error.name === 'ResourceExistsException') return false
        throw new ServiceError('secret_unavailable', { cause: error })
      }
    },
  }
}

/** The id of the version that comes after this one: everybody who replaces it arrives at the same. */
function replacementToken({ version }: SecretVersion): string {
  return createHash('sha256').update(`replaces ${version}`).digest('hex')
}
