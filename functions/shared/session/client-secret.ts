/** The secret that this deployment identifies itself to the provider with. */
import type { SignInSettings } from '../config.ts'
import { ServiceError } from '../errors.ts'
import type { SecretReader } from '../secret-reader.ts'

/**
 * Makes the source of the client's secret: a text, or one key of a JSON object. Null for a public client.
 *
 * The source rejects with a {@link ServiceError} `secret_unavailable` if there is no such secret or key.
 */
export function createClientSecret(
  read: SecretReader,
  secret: SignInSettings['clientSecret'],
): (() => Promise<string>) | null {
  if (secret === null) return null
  const { name, key } = secret
  return async () => {
    const text = await read(name)
    return key === null ? text : fieldOf(text, key)
  }
}

function fieldOf(text: string, key: string): string {
  let value: unknown
  try {
    value = (JSON.parse(text) as Record<string, unknown> | null)?.[key]
  } catch {
    // A parser's message quotes what it read, so it is not even kept as the cause.
  }
  if (typeof value !== 'string' || value === '') throw new ServiceError('secret_unavailable')
  return value
}
