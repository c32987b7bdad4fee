/** Secrets Manager for the local stack: GetSecretValue over the secrets that the template declares. */
import { randomInt } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { readBody } from '../http.ts'
import { closeServer, LOOPBACK, listen } from '../listening.ts'

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

/** Starts the double on a free port. It asks for a signature to be there, and does not check it. */
export async function startSecretsManager(secrets: readonly LocalSecret[]): Promise<LocalSecretsManager> {
  const server = createServer(async (request, response) => {
    const body = await readBody(request)
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) {
      return refuse(response, 'MissingAuthenticationTokenException')
    }
    if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
      return refuse(response, 'UnknownOperationException')
    }
    const id = (JSON.parse(body.toString('utf8')) as { SecretId?: string }).SecretId ?? ''
    const secret = findSecret(secrets, id)
    if (secret === undefined) return refuse(response, 'ResourceNotFoundException')
    send(response, 200, {
      ARN: secret.arn,
      Name: secret.name,
      SecretString: secret.value,
      VersionId: '00000000-0000-0000-0000-000000000001',
      VersionStages: ['AWSCURRENT'],
    })
  })
  const port = await listen(server, { port: 0 })
  return { endpoint: `http://${LOOPBACK}:${port}`, close: () => closeServer(server) }
}

function refuse(response: ServerResponse, type: string): void {
  send(response, 400, { __type: type })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
}
