/**
 * Secrets out of AWS Secrets Manager, without its SDK.
 *
 * Signing in needs a secret at its very first request, and nothing else of AWS: the SDK would be more than half of
 * that cold start.
 */
import { ServiceError } from '../errors.ts'
import type { SecretReader } from '../secret-reader.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import { keepSecrets } from './kept-secrets.ts'
import { createLightCall, type LightCallDeps } from './light-call.ts'

/** Makes the reader. Each value is kept for a few minutes; three attempts of three seconds are made to read it. */
export function createLightSecretReader(deps: LightCallDeps): SecretReader {
  const call = createLightCall(deps)
  async function read(name: string): Promise<string> {
    try {
      return await call({
        service: 'secretsmanager',
        target: 'secretsmanager.GetSecretValue',
        input: { SecretId: name },
        output: secretIn,
      })
    } catch (error) {
      throw new ServiceError('secret_unavailable', { cause: error })
    }
  }
  return keepSecrets(read, deps.now)
}

function secretIn({ SecretString: text }: JwtObject): string {
  if (typeof text !== 'string' || text === '') throw new TypeError('the secret is not a text')
  return text
}
