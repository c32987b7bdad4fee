/** A way for a service to get a token of its own. */

import type { ClientSecret } from '../client-secret.ts'
import type { Context } from '../context.ts'
import type { Obtained } from '../obtain.ts'

export const SERVICE_SOURCES = [
  'key-file',
  'client-credentials',
  'web-identity-file',
  'aws-sts',
  'gcp-metadata',
] as const

export type ServiceSource = (typeof SERVICE_SOURCES)[number]

export interface ServiceTokenOptions {
  /** Undefined: whichever is configured or found. */
  readonly source: ServiceSource | undefined
  readonly audience: string
  readonly keyFile: string | undefined
  readonly issuer: string | undefined
  readonly clientId: string | undefined
  readonly clientSecret: ClientSecret | undefined
  readonly clientAuthentication: 'basic' | 'post' | undefined
  readonly scopes: readonly string[]
  readonly webIdentityFile: string | undefined
  readonly account: string
  readonly force: boolean
}

/** Gets the token. @throws {CommandError} */
export type ServiceTokenGetter = (options: ServiceTokenOptions, context: Context) => Promise<Obtained>
