/** A service's token, from whichever source is configured or found. */
import { CommandError } from '../../shared/failure.ts'
import type { Context } from '../context.ts'
import type { Obtained } from '../obtain.ts'
import { isOnGoogleCloud } from './gcp-metadata.ts'
import type { ServiceSource, ServiceTokenGetter, ServiceTokenOptions } from './source.ts'

/** Each is loaded only when it is used. */
const GETTERS: Readonly<Record<ServiceSource, () => Promise<ServiceTokenGetter>>> = {
  'key-file': async () => (await import('./google-credentials.ts')).googleToken,
  'client-credentials': async () => (await import('./client-credentials.ts')).clientCredentialsToken,
  'web-identity-file': async () => (await import('./aws.ts')).webIdentityFileToken,
  'aws-sts': async () => (await import('./aws.ts')).stsToken,
  'gcp-metadata': async () => (await import('./gcp-metadata.ts')).metadataToken,
}

/** Gets a service's token. @throws {CommandError} */
export async function serviceToken(options: ServiceTokenOptions, context: Context): Promise<Obtained> {
  const source = options.source ?? (await findSource(options, context))
  return (await GETTERS[source]())(options, context)
}

/** What a flag names comes before what the environment says, and that before what has to be asked for. */
async function findSource(options: ServiceTokenOptions, context: Context): Promise<ServiceSource> {
  const { environment } = context
  if (options.keyFile !== undefined) return 'key-file'
  if (options.clientId !== undefined) return 'client-credentials'
  if (options.webIdentityFile !== undefined) return 'web-identity-file'
  if (environment.GOOGLE_APPLICATION_CREDENTIALS) return 'key-file'
  if (environment.AWS_WEB_IDENTITY_TOKEN_FILE) return 'web-identity-file'
  const { isInAws } = await import('./aws.ts')
  if (isInAws(context)) return 'aws-sts'
  if (await isOnGoogleCloud(context)) return 'gcp-metadata'
  throw new CommandError(
    'no_credentials',
    'No credential of a service was found; name one with --key-file, --client-id, --web-identity-token-file or --source.',
  )
}
