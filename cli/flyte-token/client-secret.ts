/**
 * The secret of a client, where there is one: in AWS Secrets Manager, in an environment variable or in a file. There is
 * no flag for the secret itself: everybody on a machine can read what a command was started with.
 */
import { readFile } from 'node:fs/promises'
import { CommandError, systemCode } from '../shared/failure.ts'
import { jsonObject } from '../shared/http.ts'
import { withLock } from '../shared/lock.ts'
import type { Context } from './context.ts'
import { type EntryKey, entryId } from './store/entry.ts'

export type SecretSource =
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'file'; readonly path: string }
  /** `key`: the way to it in a JSON document, with dots, such as `installed.client_secret`. */
  | { readonly from: 'secrets-manager'; readonly id: string }

export interface ClientSecret {
  readonly source: SecretSource
  readonly key: string | undefined
}

/** How long a secret from Secrets Manager is kept before it is read again. */
export const SECRET_KEPT_MS = 3_600_000

/**
 * Reads a secret.
 *
 * @param options.fresh Reads it where it is, whatever is kept.
 * @throws {CommandError} `secret_unusable`
 */
export async function readClientSecret(
  secret: ClientSecret | undefined,
  context: Context,
  options: { readonly fresh: boolean },
): Promise<string | undefined> {
  if (secret === undefined) return undefined
  const { source, key } = secret
  const text = await (source.from === 'environment'
    ? fromEnvironment(source.variable, context)
    : source.from === 'file'
      ? fromFile(source.path)
      : fromSecretsManager(source.id, context, options.fresh))
  return pick(text, key)
}

/** Whether another reading could bring another value: then a refusal may mean that the secret was rotated. */
export function isKept(secret: ClientSecret | undefined): boolean {
  return secret?.source.from === 'secrets-manager'
}

function fromEnvironment(variable: string, { environment }: Context): string {
  const text = environment[variable]
  if (!text) throw unusable('The environment variable with the client secret is not set.')
  return text
}

async function fromFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw unusable(`The file with the client secret cannot be read (${systemCode(cause) ?? 'error'}).`, cause)
  }
}

async function fromSecretsManager(id: string, context: Context, fresh: boolean): Promise<string> {
  const { store, now, environment, signal } = context
  const key: EntryKey = {
    kind: 'client secret',
    issuer: 'aws-secrets-manager',
    clientId: id,
    audience: '',
    account: environment.AWS_PROFILE ?? '',
    scopes: [environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? ''],
  }
  const entry = entryId(key)
  return withLock({ path: store.lockPath(entry), signal }, async () => {
    const kept = fresh ? undefined : await store.read(entry)
    if (kept?.tokens.clientSecret !== undefined && now() - kept.facts.savedAtMs < SECRET_KEPT_MS) {
      return kept.tokens.clientSecret
    }
    const clientSecret = await askSecretsManager(id, signal)
    const facts = { ...key, savedAtMs: now(), renewable: false }
    await store.write(entry, { facts, tokens: { clientSecret } })
    return clientSecret
  })
}

async function askSecretsManager(id: string, signal: AbortSignal): Promise<string> {
  // Loaded only here: it takes longer to load than everything else that is done with a kept token.
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  const [, region] = /^arn:[^:]*:secretsmanager:([^:]+):/.exec(id) ?? []
  const client = new SecretsManagerClient(region === undefined ? {} : { region })
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: id }), {
      abortSignal: signal,
    })
    if (SecretString) return SecretString
    throw unusable('The secret in Secrets Manager has no text.')
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    signal.throwIfAborted()
    const name = cause instanceof Error && /^\w{1,60}$/.test(cause.name) ? ` (${cause.name})` : ''
    throw unusable(`Secrets Manager did not give the client secret${name}.`, cause)
  } finally {
    client.destroy()
  }
}

function pick(text: string, key: string | undefined): string {
  if (key === undefined) return text.replace(/\r?\n$/, '')
  let value: unknown = jsonObject(text)
  for (const name of key.split('.')) value = (value as Record<string, unknown> | undefined)?.[name]
  if (typeof value === 'string' && value !== '') return value
  throw unusable('The client secret is not JSON with the key that --client-secret-key names.')
}

function unusable(sentence: string, cause?: unknown): CommandError {
  return new CommandError('secret_unusable', sentence, { cause })
}
