/**
 * A vault in AWS Secrets Manager.
 *
 * It asks for no value, ever: the role that it needs may write, describe and delete, and not `GetSecretValue`. A
 * removed secret stays for a week, during which its operators, or a secret of the same name, can bring it back.
 */
import { ServiceError } from '../errors.ts'
import type { SecretToKeep, SecretVault } from '../stores/secret-vault.ts'
import type { JwtObject } from '../tokens/jwt.ts'
import { AwsRefusal, type LightCall } from './light-call.ts'

/** The shortest that Secrets Manager allows without giving the value up at once. */
export const RECOVERY_DAYS = 7

type OperationName = 'CreateSecret' | 'PutSecretValue' | 'DescribeSecret' | 'DeleteSecret' | 'RestoreSecret'
type Operation = readonly [name: OperationName, input: Readonly<Record<string, unknown>>]

interface Described {
  readonly createdAtMs: number
  readonly isRemoved: boolean
}

/** Makes the vault. */
export function createSecretsManagerVault(call: LightCall): SecretVault {
  return {
    create: (secret) => createSecret(call, secret),
    replace: (secret) => replaceSecret(call, secret),
    async describe(name) {
      const found = await findSecret(call, name)
      return found === undefined || found.isRemoved ? undefined : { createdAtMs: found.createdAtMs }
    },
    remove: (name) => removeSecret(call, name),
    async restore(name) {
      await outcomeOf(call, ['RestoreSecret', { SecretId: name }], {})
    },
  }
}

async function createSecret(call: LightCall, { name, ...secret }: SecretToKeep) {
  const outcome = await outcomeOf(call, ['CreateSecret', { Name: name, ...inputOf(secret) }], {
    ResourceExistsException: 'exists',
    InvalidRequestException: 'unfit',
  })
  if (outcome !== 'unfit') return outcome === 'done' ? 'created' : outcome
  if ((await stateOfUnfit(call, name)) === 'removed') return 'removed'
  // It was deleted for good in between: the next attempt makes it.
  throw new ServiceError('vault_unavailable')
}

async function replaceSecret(call: LightCall, { name, ...secret }: SecretToKeep) {
  const outcome = await outcomeOf(call, ['PutSecretValue', { SecretId: name, ...inputOf(secret) }], {
    ResourceNotFoundException: 'absent',
    ResourceExistsException: 'conflict',
    InvalidRequestException: 'unfit',
  })
  if (outcome !== 'unfit') return outcome === 'done' ? 'replaced' : outcome
  await stateOfUnfit(call, name)
  return 'absent'
}

async function removeSecret(call: LightCall, name: string) {
  const input = { SecretId: name, RecoveryWindowInDays: RECOVERY_DAYS }
  const outcome = await outcomeOf(call, ['DeleteSecret', input], {
    ResourceNotFoundException: 'absent',
    InvalidRequestException: 'unfit',
  })
  if (outcome !== 'unfit') return outcome === 'done' ? 'removed' : outcome
  await stateOfUnfit(call, name)
  return 'absent'
}

async function findSecret(call: LightCall, name: string): Promise<Described | undefined> {
  try {
    return await send(call, ['DescribeSecret', { SecretId: name }], describedIn)
  } catch (error) {
    if (error instanceof AwsRefusal && error.type === 'ResourceNotFoundException') return undefined
    throw asVaultError(error)
  }
}

/**
 * What it is about a secret that an operation does not fit: that it was removed, which is what people do. Everything
 * else that Secrets Manager refuses in the same words was done by operators, and is theirs to look at.
 */
async function stateOfUnfit(call: LightCall, name: string): Promise<'removed' | 'absent'> {
  const found = await findSecret(call, name)
  if (found === undefined) return 'absent'
  if (found.isRemoved) return 'removed'
  throw asVaultError(new AwsRefusal('secretsmanager', 'InvalidRequestException'))
}

/** Carries an operation out: `done`, or what stands for its refusal. */
async function outcomeOf<R extends string>(
  call: LightCall,
  operation: Operation,
  refusals: Readonly<Record<string, R>>,
): Promise<'done' | R> {
  try {
    return await send(call, operation, () => 'done' as const)
  } catch (error) {
    const outcome =
      error instanceof AwsRefusal && Object.hasOwn(refusals, error.type) ? refusals[error.type] : undefined
    if (outcome === undefined) throw asVaultError(error)
    return outcome
  }
}

function send<T>(call: LightCall, [name, input]: Operation, output: (answer: JwtObject) => T): Promise<T> {
  return call({ service: 'secretsmanager', target: `secretsmanager.${name}`, input, output })
}

function inputOf({ value, requestToken }: Omit<SecretToKeep, 'name'>) {
  const kept =
    typeof value === 'string'
      ? { SecretString: value }
      : { SecretBinary: Buffer.from(value).toString('base64') }
  return { ...kept, ClientRequestToken: requestToken }
}

function describedIn({ CreatedDate, DeletedDate }: JwtObject): Described {
  return {
    createdAtMs: Math.round(Number(CreatedDate ?? 0) * 1000),
    isRemoved: typeof DeletedDate === 'number',
  }
}

function asVaultError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  const reason = error instanceof AwsRefusal ? 'internal_error' : 'vault_unavailable'
  return new ServiceError(reason, { cause: error })
}
