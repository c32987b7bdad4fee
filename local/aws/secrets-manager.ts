/** Secrets Manager for the local stack: GetSecretValue over the secrets that the template declares. */
import { randomInt } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { readBody } from '../http.ts'
import { closeServer, LOOPBACK, listen } from '../listening.ts'
import { type Access, claimedAccessKeyId, refusalMessage, sessionTokenOf } from './access.ts'

/** One secret. `arn` ends with a dash and six characters after the name, as AWS's do. */
export interface LocalSecret {
  readonly arn: string
  readonly name: string
  readonly value: string
}

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

/** The secret that a name, an ARN or an ARN without its last six characters stands for. */
export function findSecret(secrets: readonly LocalSecret[], id: string): LocalSecret | undefined {
  return secrets.find(({ arn, name }) => id === arn || id === name || id === arn.replace(/-\w{6}$/, ''))
}

/**
 * Starts the double on a free port. It asks who signed a request and what they may read, and does not check
 * the signature.
 */
export async function startSecretsManager(options: {
  secrets: readonly LocalSecret[]
  access: Access
}): Promise<LocalSecretsManager> {
  const server = createServer(async (request, response) => {
    const body = await readBody(request).catch(() => Buffer.alloc(0))
    const { status, ...answer } = answerTo({ headers: request.headers, body, ...options })
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
  })
  const port = await listen(server, { port: 0 })
  return { endpoint: `http://${LOOPBACK}:${port}`, close: () => closeServer(server) }
}

type Answer = { readonly status: number } & Readonly<Record<string, unknown>>

function answerTo(options: {
  headers: IncomingHttpHeaders
  body: Buffer
  secrets: readonly LocalSecret[]
  access: Access
}): Answer {
  const { headers, body, secrets, access } = options
  const accessKeyId = claimedAccessKeyId(headers)
  if (accessKeyId === undefined) return refused('MissingAuthenticationTokenException')
  const caller = access.callerOf(accessKeyId, sessionTokenOf(headers))
  if (caller === undefined) return refused('UnrecognizedClientException')
  if (headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') return refused('UnknownOperationException')
  const id = secretIdOf(body)
  if (id === undefined) return refused('InvalidParameterException')
  const secret = findSecret(secrets, id)
  // Before anything else is said: who may not read a secret does not learn whether it is there.
  const refusal = caller.refusal('secretsmanager:GetSecretValue', secret?.arn ?? id)
  if (refusal !== undefined) return refused('AccessDeniedException', refusalMessage(refusal, id))
  return secret === undefined ? refused('ResourceNotFoundException') : found(secret)
}

function found({ arn, name, value }: LocalSecret): Answer {
  return {
    status: 200,
    ARN: arn,
    Name: name,
    SecretString: value,
    VersionId: '00000000-0000-0000-0000-000000000001',
    VersionStages: ['AWSCURRENT'],
  }
}

function refused(type: string, message?: string): Answer {
  return { status: 400, __type: type, ...(message === undefined ? {} : { Message: message }) }
}

function secretIdOf(body: Buffer): string | undefined {
  try {
    const { SecretId } = JSON.parse(body.toString('utf8')) as { SecretId?: unknown }
    return typeof SecretId === 'string' ? SecretId : undefined
  } catch {
    return undefined
  }
}
