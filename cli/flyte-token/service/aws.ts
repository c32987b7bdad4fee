/** What runs in AWS: the token file of a pod or a build, and the tokens that STS gives out for a role. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CommandError, systemCode } from '../../shared/failure.ts'
import { usage } from '../../shared/flags.ts'
import type { Context } from '../context.ts'
import { expiryOf, subjectOf } from '../jwt.ts'
import { obtain } from '../obtain.ts'
import type { EntryKey } from '../store/entry.ts'
import { assertIdToken, entryOfToken } from './entry-of-token.ts'
import type { ServiceTokenGetter } from './source.ts'

/**
 * The token of a file that the platform renews, such as the one of `AWS_WEB_IDENTITY_TOKEN_FILE`. It is read each time
 * and kept nowhere else.
 */
export const webIdentityFileToken: ServiceTokenGetter = async ({ webIdentityFile, audience }, context) => {
  const file = webIdentityFile ?? context.environment.AWS_WEB_IDENTITY_TOKEN_FILE
  if (!file) throw usage('--source web-identity-file needs --web-identity-token-file.')
  const text = await readFile(file, 'utf8').catch((cause) => {
    const code = systemCode(cause) ?? 'error'
    throw new CommandError('credentials_unusable', `The web identity token file cannot be read (${code}).`, {
      cause,
    })
  })
  const token = text.trim()
  const who = 'The web identity token file'
  const expiry = expiryOf(token)
  if (expiry === undefined || expiry * 1000 <= context.now()) {
    throw new CommandError('token_unusable', `${who} holds no token that is still valid.`)
  }
  if (audience !== '') assertIdToken(token, { who, audience, nowMs: context.now() })
  return { token, expiresAtEpochSeconds: expiry, subject: subjectOf(token), from: 'sign-in' }
}

/** Variables by which AWS tells a program that it runs there, with a role. */
const ROLE_VARIABLES = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_LAMBDA_FUNCTION_NAME',
] as const

/** Whether this runs in AWS with a role of its own. */
export function isInAws({ environment }: Context): boolean {
  return ROLE_VARIABLES.some((name) => Boolean(environment[name]))
}

/** The longest that STS gives such a token for. */
const STS_TOKEN_SECONDS = 3_600

/** A web identity token of the role that this runs with (`sts:GetWebIdentityToken`). */
export const stsToken: ServiceTokenGetter = async ({ audience, force }, context) => {
  if (audience === '') throw usage('STS needs --audience: whom the token is for.')
  const { STSClient, GetWebIdentityTokenCommand } = await import('@aws-sdk/client-sts')
  const { signal } = context
  const client = new STSClient({})
  try {
    const { accessKeyId } = await client.config.credentials().catch((cause) => {
      throw new CommandError('no_credentials', 'There are no AWS credentials here to ask STS with.', {
        cause,
      })
    })
    const region = await client.config.region()
    // Temporary credentials have an id of their own: whoever has others is somebody else.
    const account = createHash('sha256').update(accessKeyId).digest('hex').slice(0, 16)
    const key: EntryKey = {
      kind: 'service',
      issuer: `aws-sts ${region}`,
      clientId: '',
      audience,
      account,
      scopes: [],
    }
    const signIn = async () => {
      const command = new GetWebIdentityTokenCommand({
        Audience: [audience],
        SigningAlgorithm: 'RS256',
        DurationSeconds: STS_TOKEN_SECONDS,
      })
      const nowMs = context.now()
      const { WebIdentityToken } = await client.send(command, { abortSignal: signal })
      const token = assertIdToken(WebIdentityToken, { who: 'STS', audience, nowMs })
      return entryOfToken({ key, kind: 'idToken', token, nowMs })
    }
    return await obtain({ key, token: 'idToken', force, refresh: async () => undefined, signIn }, context)
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    signal.throwIfAborted()
    const name = cause instanceof Error && /^\w{1,60}$/.test(cause.name) ? ` (${cause.name})` : ''
    const advice =
      'check that outbound identity federation is on, and the role’s permission sts:GetWebIdentityToken'
    throw new CommandError('refused', `STS gave no web identity token${name}; ${advice}.`, { cause })
  } finally {
    client.destroy()
  }
}
