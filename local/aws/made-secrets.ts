/**
 * The secrets that functions make in the local Secrets Manager, beside those of the template: made, replaced,
 * described, deleted for a while and brought back, with the answers and refusals of AWS.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readOrMakeJson, writePrivately } from '../data-directory.ts'
import { secretArn } from '../resource-names.ts'
import { type Caller, refusalMessage } from './access.ts'
import { findSecret, type LocalSecret } from './local-secret.ts'

export type SecretsAnswer = { readonly status: number } & Readonly<Record<string, unknown>>

export interface MadeSecrets {
  /** Answers an operation; undefined for one that is not its own, or on a secret of the template. */
  readonly answer: (call: {
    readonly operation: string
    readonly body: Buffer
    readonly caller: Caller
  }) => Promise<SecretsAnswer | undefined>
}

interface Value {
  readonly SecretString?: string
  readonly SecretBinary?: string
}

interface MadeSecret {
  readonly arn: string
  readonly createdAtMs: number
  currentId: string
  readonly versions: Record<string, Value>
  deletedAtMs?: number
}

type Input = Readonly<Record<string, unknown>>
type Shelf = Record<string, MadeSecret>
type Operation = (call: {
  shelf: Shelf
  name: string
  input: Input
  nowMs: number
  region: string
}) => SecretsAnswer

const MAX_BYTES = 65_536
const NAME = /^[\w/+=.@-]{1,512}$/
const DAY_MS = 86_400_000

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateSecret: ({ shelf, name, input, nowMs, region }) => {
    const value = valueIn(input)
    const versionId = versionIn(input)
    if (!NAME.test(name) || value === undefined || versionId === undefined)
      return refused('ValidationException')
    const there = shelf[name]
    if (there?.deletedAtMs !== undefined) return refused('InvalidRequestException')
    if (there !== undefined) {
      const isRepeated = sameValue(there.versions[versionId], value)
      return isRepeated ? named(there, name, { VersionId: versionId }) : refused('ResourceExistsException')
    }
    const secret = {
      arn: arnOf(region, name),
      createdAtMs: nowMs,
      currentId: versionId,
      versions: { [versionId]: value },
    }
    shelf[name] = secret
    return named(secret, name, { VersionId: versionId })
  },

  PutSecretValue: onLiving(({ secret, name, input }) => {
    const value = valueIn(input)
    const versionId = versionIn(input)
    if (value === undefined || versionId === undefined) return refused('ValidationException')
    const there = secret.versions[versionId]
    if (there !== undefined && !sameValue(there, value)) return refused('ResourceExistsException')
    if (there === undefined) {
      secret.versions[versionId] = value
      secret.currentId = versionId
    }
    return named(secret, name, { VersionId: versionId, VersionStages: ['AWSCURRENT'] })
  }),

  GetSecretValue: onLiving(({ secret, name }) =>
    named(secret, name, {
      ...secret.versions[secret.currentId],
      VersionId: secret.currentId,
      VersionStages: ['AWSCURRENT'],
    }),
  ),

  DescribeSecret: ({ shelf, name }) => {
    const secret = shelf[name]
    if (secret === undefined) return refused('ResourceNotFoundException')
    const { createdAtMs, deletedAtMs } = secret
    const deleted = deletedAtMs === undefined ? {} : { DeletedDate: deletedAtMs / 1000 }
    return named(secret, name, { CreatedDate: createdAtMs / 1000, ...deleted })
  },

  DeleteSecret: onLiving(({ shelf, secret, name, input, nowMs }) => {
    if (input.ForceDeleteWithoutRecovery === true) delete shelf[name]
    else secret.deletedAtMs = nowMs
    const days = Number(input.RecoveryWindowInDays ?? 30)
    return named(secret, name, { DeletionDate: (nowMs + days * DAY_MS) / 1000 })
  }),

  RestoreSecret: ({ shelf, name }) => {
    const secret = shelf[name]
    if (secret === undefined) return refused('ResourceNotFoundException')
    delete secret.deletedAtMs
    return named(secret, name, {})
  },
}

/**
 * Makes them.
 *
 * @param options.declared The secrets of the template, which are not made here.
 * @param options.file Where they are kept; null keeps them in memory.
 */
export async function madeSecrets(options: {
  readonly declared: readonly LocalSecret[]
  readonly region: string
  readonly file: string | null
  readonly now?: () => number
}): Promise<MadeSecrets> {
  const { declared, region, file, now = Date.now } = options
  const shelf = await readOrMakeJson<Shelf>(file, async () => ({}))
  return {
    async answer({ operation: operationName, body, caller }) {
      const operation = Object.hasOwn(OPERATIONS, operationName) ? OPERATIONS[operationName] : undefined
      const input = inputIn(body)
      const id = operationName === 'CreateSecret' ? input?.Name : input?.SecretId
      if (operation === undefined || input === undefined || typeof id !== 'string') return undefined
      const isDeclared = findSecret(declared, id) !== undefined
      if (isDeclared) return operationName === 'CreateSecret' ? refused('ResourceExistsException') : undefined
      const [name = id, secret] =
        Object.entries(shelf).find(([key, { arn }]) => key === id || arn === id) ?? []
      // Before anything else is said: who may not use a secret does not learn whether it is there.
      const refusal = caller.refusal(
        `secretsmanager:${operationName}`,
        secret?.arn ?? (id.startsWith('arn:') ? id : secretArn(region, id)),
      )
      if (refusal !== undefined) return refused('AccessDeniedException', refusalMessage(refusal, id))
      const before = JSON.stringify(shelf)
      const answer = operation({ shelf, name, input, nowMs: now(), region })
      if (file !== null && JSON.stringify(shelf) !== before) await writePrivately(file, JSON.stringify(shelf))
      return answer
    },
  }
}

/** Six characters at the end of an ARN, as AWS adds them; here the same ones for the same name. */
function arnOf(region: string, name: string): string {
  return `${secretArn(region, name)}-${createHash('sha256').update(name).digest('hex').slice(0, 6)}`
}

type OnLiving = (call: Parameters<Operation>[0] & { secret: MadeSecret }) => SecretsAnswer

/** What a deleted secret refuses, however long it is kept. */
function onLiving(operation: OnLiving): Operation {
  return (call) => {
    const secret = call.shelf[call.name]
    if (secret === undefined) return refused('ResourceNotFoundException')
    return secret.deletedAtMs === undefined
      ? operation({ ...call, secret })
      : refused('InvalidRequestException')
  }
}

function named({ arn }: MadeSecret, name: string, more: Input): SecretsAnswer {
  return { status: 200, ARN: arn, Name: name, ...more }
}

function valueIn({ SecretString, SecretBinary }: Input): Value | undefined {
  if (typeof SecretString === 'string' && SecretBinary === undefined) {
    return isOfSize(Buffer.byteLength(SecretString)) ? { SecretString } : undefined
  }
  if (typeof SecretBinary !== 'string' || SecretString !== undefined) return undefined
  return isOfSize(Buffer.from(SecretBinary, 'base64').length) ? { SecretBinary } : undefined
}

function isOfSize(bytes: number): boolean {
  return bytes > 0 && bytes <= MAX_BYTES
}

function sameValue(one: Value | undefined, other: Value): boolean {
  return (
    one !== undefined && one.SecretString === other.SecretString && one.SecretBinary === other.SecretBinary
  )
}

function versionIn({ ClientRequestToken: token = randomUUID() }: Input): string | undefined {
  return typeof token === 'string' && token.length >= 32 && token.length <= 64 ? token : undefined
}

function inputIn(body: Buffer): Input | undefined {
  try {
    const input: unknown = JSON.parse(body.toString('utf8'))
    return typeof input === 'object' && input !== null ? (input as Input) : undefined
  } catch {
    return undefined
  }
}

function refused(type: string, message?: string): SecretsAnswer {
  return { status: 400, __type: type, ...(message === undefined ? {} : { Message: message }) }
}
