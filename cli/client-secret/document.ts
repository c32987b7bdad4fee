/**
 * The document with the hashes of clients' secrets, as the authorization server reads it: by the id of the client one
 * bcrypt hash, or two of which the first is the newer.
 */
import { hash } from 'bcryptjs'

/** Why a document stays as it is. */
export type DocumentProblem = 'not_a_document' | 'two_already' | 'unknown_client'

/** The document cannot be changed as asked. The message is a sentence without anything that is in it. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  readonly reason: DocumentProblem
  constructor(reason: DocumentProblem, message: string) {
    super(message)
    this.reason = reason
  }
}

export type HashDocument = Readonly<Record<string, string | readonly string[]>>

/** Made secrets are random, so a higher cost would slow down nobody but the function that compares. */
const BCRYPT_COST = 10
const MAXIMUM_HASHES = 2

/** Reads the document. @throws {DocumentError} `not_a_document` */
export function parseHashDocument(text: string): HashDocument {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '{}' : text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject && Object.values(value).every(isHashes)) return value as HashDocument
  } catch {
    // Said below, in our own words.
  }
  throw new DocumentError('not_a_document', 'What came in is not the document of client secrets.')
}

function isHashes(value: unknown): boolean {
  return [value].flat().every((one) => typeof one === 'string')
}

const hashesOf = (document: HashDocument, clientId: string): readonly string[] =>
  Object.hasOwn(document, clientId) ? [document[clientId] ?? []].flat() : []

/**
 * Adds the hash of a secret; the one before it stays good until it is retired.
 *
 * @throws {DocumentError} `two_already`: which of them is still in use, only the operator knows
 */
export async function addSecret(
  document: HashDocument,
  clientId: string,
  secret: string,
): Promise<HashDocument> {
  const before = hashesOf(document, clientId)
  if (before.length >= MAXIMUM_HASHES) {
    throw new DocumentError('two_already', `${clientId} has two secrets; retire the older one first.`)
  }
  const added = await hash(secret, BCRYPT_COST)
  return { ...document, [clientId]: before.length === 0 ? added : [added, ...before] }
}

/** Leaves the newest secret of a client alone. @throws {DocumentError} `unknown_client` */
export function retireSecrets(document: HashDocument, clientId: string): HashDocument {
  const [newest] = hashesOf(document, clientId)
  if (newest === undefined) throw unknownClient(clientId)
  return { ...document, [clientId]: newest }
}

/** Takes every secret of a client away. @throws {DocumentError} `unknown_client` */
export function removeSecrets(document: HashDocument, clientId: string): HashDocument {
  if (hashesOf(document, clientId).length === 0) throw unknownClient(clientId)
  return Object.fromEntries(Object.entries(document).filter(([id]) => id !== clientId))
}

function unknownClient(clientId: string): DocumentError {
  return new DocumentError('unknown_client', `${clientId} has no secret in this document.`)
}
