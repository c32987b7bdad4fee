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

type Operation = 'CreateSecret' | 'PutSecretValue' | 'DescribeSecret' | 'DeleteSecret' | 'RestoreSecret'

interface Described {
  readonly createdAtMs: number
  readonly isRemoved: boolean
}

/** Makes the vault. */
export function createSecretsManagerVault(call: LightCall): SecretVault {
  const send = (operation: Operation, input: Readonly<Record<string, unknown>>) =>
    call({
      service: 'secretsmanager',
      target: `secretsmanager.${operation}`,
      input,
      output: (answer) => answer,
    })

  /** Carries an operation out; the outcome that stands for a refusal of one of these names. */
  async function outcomeOf<O extends string, R extends string>(
    [operation, input]: [Operation, Readonly<Record<string, unknown>>],
    done: O,
    refusals: Readonly<Record<string, R>>,
  ): Promise<O | R> {
    try {
      await send(operation, input)
      return done
    } catch (error) {
      const refused = Object.entries(refusals).find(([type]) => isRefusal(error, type))
      if (refused === undefined) throw asVaultError(error)
      return refused[1]
    }
  }

  async function find(name: string): Promise<Described | undefined> {
    try {
      return describedIn(await send('DescribeSecret', { SecretId: name }))
    } catch (error) {
      if (isRefusal(error, 'ResourceNotFoundException')) return undefined
      throw asVaultError(error)
    }
  }

  /** `InvalidRequestException` is the refusal of everything that does not fit a secret's state. */
  async function explain(name: string): Promise<'removed' | 'absent'> {
    const found = await find(name)
    if (found === undefined) return 'absent'
    if (found.isRemoved) return 'removed'
    throw new ServiceError('internal_error', {
      cause: new AwsRefusal('secretsmanager', 'InvalidRequestException'),
    })
  }

  return {
    async create({ name, ...secret }) {
      const outcome = await outcomeOf(['CreateSecret', { Name: name, ...inputOf(secret) }], 'created', {
        ResourceExistsException: 'exists',
        InvalidRequestException: 'explain',
      })
      if (outcome !== 'explain') return outcome
      if ((await explain(name)) === 'removed') return 'removed'
      // It was deleted for good in between: the next attempt makes it.
      throw new ServiceError('vault_unavailable')
    },
    async replace({ name, ...secret }) {
      const outcome = await outcomeOf(
        ['PutSecretValue', { SecretId: name, ...inputOf(secret) }],
        'replaced',
        {
          ResourceNotFoundException: 'absent',
          ResourceExistsException: 'conflict',
          InvalidRequestException: 'explain',
        },
      )
      if (outcome !== 'explain') return outcome
      await explain(name)
      return 'absent'
    },
    async describe(name) {
      const found = await find(name)
      return found === undefined || found.isRemoved ? undefined : { createdAtMs: found.createdAtMs }
    },
    async remove(name) {
      const input = { SecretId: name, RecoveryWindowInDays: RECOVERY_DAYS }
      const outcome = await outcomeOf(['DeleteSecret', input], 'removed', {
        ResourceNotFoundException: 'absent',
        InvalidRequestException: 'explain',
      })
      if (outcome !== 'explain') return outcome
      await explain(name)
      return 'absent'
    },
    async restore(name) {
      await outcomeOf(['RestoreSecret', { SecretId: name }], 'restored', {})
    },
  }
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

function isRefusal(error: unknown, type: string): boolean {
  return error instanceof AwsRefusal && error.type === type
}

function asVaultError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  return new ServiceError(error instanceof AwsRefusal ? 'internal_error' : 'vault_unavailable', {
    cause: error,
  })
}
