/** KMS for the local stack: asymmetric keys that really sign. */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
} from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { readBody } from '../http.ts'
import { closeServer, LOOPBACK, listen } from '../listening.ts'
import { type Access, type Caller, claimedAccessKeyId, refusalMessage, sessionTokenOf } from './access.ts'

/** One RSA key that signs. `arn` ends with `key/` and the key's id. */
export interface LocalKmsKey {
  readonly arn: string
  /** For example `alias/flyte-signing`. */
  readonly alias?: string
  readonly privateKeyPem: string
  /** Default true. A disabled key does nothing, and says so. */
  readonly enabled?: boolean
}

/** The private half of a new RSA key of 2048 bits, PEM. */
export function newRsaKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

export interface LocalKms {
  readonly endpoint: string
  close(): Promise<void>
}

const ALGORITHMS = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
]
/** What a SHA-256 digest is wrapped in before it is signed (RFC 8017 section 9.2, note 1). */
const SHA_256_PREFIX = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const SHA_256_BYTES = 32

/**
 * Starts the double on a free port. It asks who signed a request and what they may do with a key, and does not check
 * the signature of the request.
 *
 * @param options.keys Looked at for each request: a test may change them.
 */
export async function startKms(options: { keys: readonly LocalKmsKey[]; access: Access }): Promise<LocalKms> {
  const server = createServer(async (request, response) => {
    const body = await readBody(request).catch(() => Buffer.alloc(0))
    const { status, ...answer } = answerTo({ headers: request.headers, body, ...options })
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
  })
  const port = await listen(server, { port: 0 })
  return { endpoint: `http://${LOOPBACK}:${port}`, close: () => closeServer(server) }
}

type Answer = { readonly status: number } & Readonly<Record<string, unknown>>
type Input = Readonly<Record<string, unknown>>
type Operation = (key: LocalKmsKey, input: Input) => Answer

const OPERATIONS: Readonly<Record<string, { readonly action: string; readonly carryOut: Operation }>> = {
  'TrentService.GetPublicKey': { action: 'kms:GetPublicKey', carryOut: publicKeyOf },
  'TrentService.Sign': { action: 'kms:Sign', carryOut: signatureOf },
}

function answerTo(options: {
  headers: IncomingHttpHeaders
  body: Buffer
  keys: readonly LocalKmsKey[]
  access: Access
}): Answer {
  const { headers, body, keys, access } = options
  const caller = callerOf(headers, access)
  if (caller === undefined) return refused('UnrecognizedClientException')
  const operation = OPERATIONS[String(headers['x-amz-target'])]
  if (operation === undefined) return refused('UnknownOperationException')
  const input = inputOf(body)
  const id = input.KeyId
  if (typeof id !== 'string') return refused('ValidationException')
  const key = keys.find(({ arn, alias }) => id === arn || id === arn.split('key/')[1] || id === alias)
  // Before anything else is said: who may not use a key does not learn whether it is there.
  const refusal = caller.refusal(operation.action, key?.arn ?? id)
  if (refusal !== undefined) return refused('AccessDeniedException', refusalMessage(refusal))
  if (key === undefined) return refused('NotFoundException')
  return key.enabled === false ? refused('DisabledException') : operation.carryOut(key, input)
}

function callerOf(headers: IncomingHttpHeaders, access: Access): Caller | undefined {
  const accessKeyId = claimedAccessKeyId(headers)
  return accessKeyId === undefined ? undefined : access.callerOf(accessKeyId, sessionTokenOf(headers))
}

function publicKeyOf({ arn, privateKeyPem }: LocalKmsKey): Answer {
  const publicKey = createPublicKey(privateKeyPem)
  return {
    status: 200,
    KeyId: arn,
    KeySpec: `RSA_${publicKey.asymmetricKeyDetails?.modulusLength}`,
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: ALGORITHMS,
    PublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  }
}

/** Signs a SHA-256 digest as RS256 does; of all that KMS can do, this is what functions ask it for. */
function signatureOf({ arn, privateKeyPem }: LocalKmsKey, input: Input): Answer {
  const { Message, MessageType, SigningAlgorithm } = input
  const digest = Buffer.from(String(Message), 'base64')
  const isServed = MessageType === 'DIGEST' && SigningAlgorithm === ALGORITHMS[0]
  if (!isServed || digest.length !== SHA_256_BYTES) return refused('ValidationException')
  const key: KeyObject = createPrivateKey(privateKeyPem)
  const wrapped = Buffer.concat([SHA_256_PREFIX, digest])
  const signature = privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, wrapped)
  return { status: 200, KeyId: arn, Signature: signature.toString('base64'), SigningAlgorithm }
}

function refused(type: string, message?: string): Answer {
  return { status: 400, __type: type, ...(message === undefined ? {} : { message }) }
}

function inputOf(body: Buffer): Input {
  try {
    return JSON.parse(body.toString('utf8')) as Input
  } catch {
    return {}
  }
}
