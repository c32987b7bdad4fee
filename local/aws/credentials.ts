/**
 * The credentials of the local doubles. They open nothing but a stack on the reader's own machine, so they
 * are written here for everybody to use.
 */

/** An access key, as the AWS SDK takes it. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** What a key of a role that was taken is only good with. */
  readonly sessionToken?: string
}

/** Those of the stack's owner, who may do everything. */
export const LOCAL_CREDENTIALS = {
  accessKeyId: 'AKIALOCALLOCALLOCAL1',
  secretAccessKey: 'on-this-machine-only',
} as const satisfies Credentials

/**
 * Those of one function, who may do what its role allows. The key's id ends with the function's name; as
 * Lambda's, the key is only good with its session token.
 */
export function functionCredentials(functionName: string): Required<Credentials> {
  const { secretAccessKey } = LOCAL_CREDENTIALS
  return {
    accessKeyId: `ASIALOCAL-${functionName}`,
    secretAccessKey,
    sessionToken: `session-of-${functionName}`,
  }
}
