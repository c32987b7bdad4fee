/** Secrets Manager for the local stack: reads and replaces the secrets that the template declares. */
import { randomInt, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { readBody } from '../http.ts'
import { closeServer, LOOPBACK, listen } from '../listening.ts'
import { type Access, claimedAccessKeyId, refusalMessage, sessionTokenOf } from './access.ts'
import { findSecret, type LocalSecret } from './local-secret.ts'
import type { MadeSecrets } from './made-secrets.ts'

export interface LocalSecretsManager {
  readonly endpoint: string
  close(): Promise<void>
}

/** `GenerateSecretString` of CloudFormation, as far as templates use it. */
export interface GenerateSecretString {
  readonly SecretStringTemplate?: string
  readonly GenerateStringKey?: string
  readonly PasswordLength?: number | string
  readonly ExcludeCharacters?: string
  readonly ExcludePunctuation?: boolean | string
  readonly ExcludeNumbers?: boolean | string
  readonly ExcludeLowercase?: boolean | string
  readonly ExcludeUppercase?: boolean | string
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'

/** Makes a secret's first value the way CloudFormation does: a password, alone or inside a JSON document. */
export function generateSecretString(options: GenerateSecretString): string {
  const isSet = (flag: boolean | string | undefined) => String(flag) === 'true'
  const alphabet = [
    isSet(options.ExcludeLowercase) ? '' : LETTERS,
    isSet(options.ExcludeUppercase) ? '' : LETTERS.toUpperCase(),
    isSet(options.ExcludeNumbers) ? '' : '0123456789',
    isSet(options.ExcludePunctuation) ? '' : PUNCTUATION,
  ]
    .join('')
    .split('')
    .filter((character) => !options.ExcludeCharacters?.includes(character))
  const length = Number(options.PasswordLength ?? 32)
  const password = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
  if (options.GenerateStringKey === undefined) return password
  return JSON.stringify({
    ...JSON.parse(options.SecretStringTemplate ?? '{}'),
    [options.GenerateStringKey]: password,
  })
}

/** Told of each new value, by the secret's name. */
export type OnSecretChange = (name: string, value: string) => Promise<void>

/**
 * Starts the double on a free port. It asks who signed a request and what they may do, and does not check the
 * signature.
 *
 * @param options.made The secrets that are made by calls; without them there are those of the template only.
 * @param options.onChange Has to have kept the value before whoever put it is answered.
 */
export async function startSecretsManager(options: {
  secrets: readonly LocalSecret[]
  access: Access
  made?: MadeSecrets
  onChange?: OnSecretChange
}): Promise<LocalSecretsManager> {
  const { access, made, onChange = async () => {} } = options
  const secrets = options.secrets.map((secret) => new KeptSecret(secret))
  const server = createServer(async (request, response) => {
    const body = await readBody(request).catch(() => Buffer.alloc(0))
    const { headers } = request
    const { status, ...answer } = await answerTo({ headers, body, secrets, access, made, onChange })
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
  })
  const port = await listen(server, { port: 0 })
  return { endpoint: `http://${LOOPBACK}:${port}`, close: () => closeServer(server) }
}

/** A secret with every version that it has had since the start. */
class KeptSecret implements LocalSecret {
  readonly arn: string
  readonly name: string
  #currentId = randomUUID() as string
  readonly #versions = new Map<string, string>()

  constructor({ arn, name, value }: LocalSecret) {
    this.arn = arn
    this.name = name
    this.#versions.set(this.#currentId, value)
  }

  get value(): string {
    return this.#versions.get(this.#currentId) ?? ''
  }

  get versionId(): string {
    return this.#currentId
  }

  /** Puts a version. @returns false if there is one with this id and another value. */
  put(value: string, versionId: string): boolean {
    const there = this.#versions.get(versionId)
    if (there !== undefined) return there === value
    this.#versions.set(versionId, value)
    this.#currentId = versionId
    return true
  }
}

type Answer = { readonly status: number } & Readonly<Record<string, unknown>>

interface SecretRequest {
  readonly SecretId: string
  readonly SecretString?: unknown
  readonly ClientRequestToken?: unknown
}

type Operation = (secret: KeptSecret, request: SecretRequest, onChange: OnSecretChange) => Promise<Answer>

const OPERATIONS: Readonly<Record<string, Operation>> = {
  GetSecretValue: async ({ arn, name, value, versionId }) => ({
    status: 200,
    ARN: arn,
    Name: name,
    SecretString: value,
    VersionId: versionId,
    VersionStages: ['AWSCURRENT'],
  }),

  PutSecretValue: async (secret, { SecretString: value, ClientRequestToken: token }, onChange) => {
    if (typeof value !== 'string' || value === '') return refused('InvalidParameterException')
    const versionId = token === undefined ? randomUUID() : String(token)
    if (versionId.length < 32 || versionId.length > 64) return refused('InvalidParameterException')
    if (!secret.put(value, versionId)) return refused('ResourceExistsException')
    await onChange(secret.name, secret.value)
    const { arn, name } = secret
    return { status: 200, ARN: arn, Name: name, VersionId: versionId, VersionStages: ['AWSCURRENT'] }
  },
}

async function answerTo(options: {
  headers: IncomingHttpHeaders
  body: Buffer
  secrets: readonly KeptSecret[]
  access: Access
  made: MadeSecrets | undefined
  onChange: OnSecretChange
}): Promise<Answer> {
  const { headers, body, secrets, access, made, onChange } = options
  const accessKeyId = claimedAccessKeyId(headers)
  if (accessKeyId === undefined) return refused('MissingAuthenticationTokenException')
  const caller = access.callerOf(accessKeyId, sessionTokenOf(headers))
  if (caller === undefined) return refused('UnrecognizedClientException')
  const [, name = ''] = String(headers['x-amz-target']).split('secretsmanager.')
  const ofMade = await made?.answer({ operation: name, body, caller })
  if (ofMade !== undefined) return ofMade
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined
  if (operation === undefined) return refused('UnknownOperationException')
  const request = requestOf(body)
  if (request === undefined) return refused('InvalidParameterException')
  const secret = findSecret(secrets, request.SecretId)
  // Before anything else is said: who may not use a secret does not learn whether it is there.
  const refusal = caller.refusal(`secretsmanager:${name}`, secret?.arn ?? request.SecretId)
  if (refusal !== undefined) {
    return refused('AccessDeniedException', refusalMessage(refusal, request.SecretId))
  }
  return secret === undefined ? refused('ResourceNotFoundException') : operation(secret, request, onChange)
}

function refused(type: string, message?: string): Answer {
  return { status: 400, __type: type, ...(message === undefined ? {} : { Message: message }) }
}

function requestOf(body: Buffer): SecretRequest | undefined {
  try {
    const request = JSON.parse(body.toString('utf8')) as { SecretId?: unknown }
    return typeof request.SecretId === 'string' ? (request as SecretRequest) : undefined
  } catch {
    return undefined
  }
}
