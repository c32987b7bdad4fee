/** The client of Secrets Manager. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'

/**
 * Makes a client from the environment that Lambda gives (region, credentials, endpoint). Three attempts a call,
 * each with a second to connect and three to answer.
 */
export function createSecretsManagerClient(): SecretsManagerClient {
  return new SecretsManagerClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
  })
}
