/**
 * A service that can get tokens from the deployment's own authorization server at once: the secret of Flyte's default
 * confidential client, made here as an operator makes it for a deployment in AWS.
 */
import { randomBytes } from 'node:crypto'
import { hash } from 'bcryptjs'
import { findSecret, type LocalSecret } from './aws/local-secret.ts'
import { readOrMakeJson } from './data-directory.ts'
import type { Deployment } from './deployment.ts'

export const OWN_SERVICE_CLIENT_ID = 'flytepropeller'

const SECRET_BYTES = 24
const BCRYPT_COST = 10

/** A confidential client with its secret, for whoever started the stack. */
export interface ServiceClient {
  readonly clientId: string
  readonly clientSecret: string
}

interface Kept {
  readonly clientSecret: string
  readonly hash: string
}

/**
 * Gives the client a secret, and its hash to the authorization server; the same one after a restart with kept data.
 *
 * @param file Where the secret is kept; null keeps it in memory.
 * @returns the client, and the secrets of the deployment with its hash among them; no client where the deployment has
 *   no authorization server of its own
 */
export async function seedServiceClient(
  { functions, secrets }: Pick<Deployment, 'functions' | 'secrets'>,
  file: string | null,
): Promise<{ readonly secrets: readonly LocalSecret[]; readonly client: ServiceClient | undefined }> {
  const hashes = findSecret(secrets, secretNameOf(functions) ?? '')
  if (hashes === undefined) return { secrets, client: undefined }
  const kept = await readOrMakeJson<Kept>(file, makeSecret)
  const document = JSON.parse(hashes.value) as Record<string, unknown>
  const value = JSON.stringify({ [OWN_SERVICE_CLIENT_ID]: kept.hash, ...document })
  return {
    secrets: secrets.map((secret) => (secret === hashes ? { ...secret, value } : secret)),
    client: { clientId: OWN_SERVICE_CLIENT_ID, clientSecret: kept.clientSecret },
  }
}

async function makeSecret(): Promise<Kept> {
  const clientSecret = randomBytes(SECRET_BYTES).toString('base64url')
  return { clientSecret, hash: await hash(clientSecret, BCRYPT_COST) }
}

/** Where the authorization server reads the hashes, as the template tells it. */
function secretNameOf(functions: Deployment['functions']): string | undefined {
  for (const { environment } of functions.values()) {
    const { AUTHORIZATION_SERVER: settings } = environment
    if (settings === undefined) continue
    return (JSON.parse(settings) as { clientSecretsSecret: string }).clientSecretsSecret
  }
  return undefined
}
