/** Who may do what at the doubles of AWS's services: what a double asks before it does anything. */
import type { IncomingHttpHeaders } from 'node:http'
import { LOCAL_CREDENTIALS } from './credentials.ts'

/** Something that a caller asked for and may not do. */
export interface Refusal {
  /** For example `dynamodb:PutItem`. */
  readonly action: string
  /** The ARN of what it was asked for. */
  readonly resource: string
  /** The ARN of the caller, as AWS names whoever has taken a role. */
  readonly principal: string
  /** `implicit`: no statement allows it. `explicit`: a statement denies it, whatever others allow. */
  readonly because: 'implicit' | 'explicit'
}

/** Whoever holds an access key. */
export interface Caller {
  readonly secretAccessKey: string
  /**
   * Undefined if the caller may do this, and otherwise why not.
   *
   * @param circumstance What whoever reads about a refusal should know beside it: a sentence.
   */
  readonly refusal: (action: string, resource: string, circumstance?: string) => Refusal | undefined
}

export interface Access {
  /**
   * The caller behind an access key id; undefined for a key that nobody has, and for one that comes without
   * its session token or with another one.
   */
  readonly callerOf: (accessKeyId: string, sessionToken?: string) => Caller | undefined
}

/** The owner of the local stack: whoever uses {@link LOCAL_CREDENTIALS} may do everything. */
const OWNER: Caller = {
  secretAccessKey: LOCAL_CREDENTIALS.secretAccessKey,
  refusal: () => undefined,
}

/** Knows the owner and nobody else. */
export const ownerOnly: Access = {
  callerOf: (accessKeyId, sessionToken) =>
    accessKeyId === LOCAL_CREDENTIALS.accessKeyId && sessionToken === undefined ? OWNER : undefined,
}

/**
 * A refusal in the words of AWS.
 *
 * @param shownResource How the service writes the resource; default as it is, S3 puts it in quotation marks.
 */
export function refusalMessage(refusal: Refusal, shownResource: string = refusal.resource): string {
  const { action, principal, because } = refusal
  const reason =
    because === 'explicit'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`
  return `User: ${principal} is not authorized to perform: ${action} on resource: ${shownResource} ${reason}`
}

/**
 * The access key id that a request says it is signed with; undefined for a header that is not of AWS
 * Signature Version 4. Does not check the signature.
 */
export function claimedAccessKeyId({ authorization }: IncomingHttpHeaders): string | undefined {
  return /^AWS4-HMAC-SHA256 Credential=([^,/\s]+)\//.exec(authorization ?? '')?.[1]
}

/** The session token that a request comes with. */
export function sessionTokenOf(headers: IncomingHttpHeaders): string | undefined {
  const token = headers['x-amz-security-token']
  return token === undefined ? undefined : String(token)
}
