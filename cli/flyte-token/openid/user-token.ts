/** A person's tokens, from the sign-in to the last refresh. */
import * as openid from 'openid-client'
import { CommandError } from '../../shared/failure.ts'
import { type ClientSecret, isKept, readClientSecret } from '../client-secret.ts'
import type { Context } from '../context.ts'
import { expiryOf, subjectOf } from '../jwt.ts'
import { type Obtained, obtain, type TokenKind } from '../obtain.ts'
import type { Entry, EntryKey } from '../store/entry.ts'
import { verifyIdToken } from './id-token.ts'
import { connect, failureOf, isRefusedClient, oauthError, type Provider } from './provider.ts'
import { type SignInRequest, signInWithBrowser, signInWithDevice } from './sign-in.ts'

export interface UserTokenOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: ClientSecret | undefined
  readonly clientAuthentication: 'basic' | 'post' | undefined
  readonly audience: string
  readonly account: string
  /** Empty: `openid email profile`, and `offline_access` where the provider has it. */
  readonly scopes: readonly string[]
  readonly token: TokenKind
  readonly device: boolean
  readonly redirectUri: URL
  readonly openBrowser: boolean
  readonly force: boolean
}

/** Gets a person's token: kept, refreshed, or by a sign-in. @throws {CommandError} */
export function userToken(options: UserTokenOptions, context: Context): Promise<Obtained> {
  const { issuer, clientId, audience, account, scopes, token, force } = options
  const key: EntryKey = { kind: 'user', issuer, clientId, audience, account, scopes }
  return obtain(
    {
      key,
      token,
      force,
      refresh: (entry) => refresh(entry, options, context),
      signIn: () => signIn(key, options, context),
    },
    context,
  )
}

async function signIn(key: EntryKey, options: UserTokenOptions, context: Context): Promise<Entry> {
  // A sign-in takes longer than reading the secret, and a code can be redeemed once: no secret from yesterday.
  const secret = await readClientSecret(options.clientSecret, context, { fresh: true })
  const provider = await connectWith(secret, options, context)
  const request: SignInRequest = { ...options, scopes: scopesFor(options, provider) }
  const { response, nonce } = await (options.device ? signInWithDevice : signInWithBrowser)(
    provider,
    request,
    context,
  )
  return entryOf({ key, options, provider, response, nonce, before: undefined, nowMs: context.now() })
}

/** Undefined if the person has to sign in again; a provider that does not answer is no reason for that. */
async function refresh(
  entry: Entry,
  options: UserTokenOptions,
  context: Context,
): Promise<Entry | undefined> {
  const { refreshToken } = entry.tokens
  if (refreshToken === undefined) return undefined
  const attempt = async (fresh: boolean) => {
    const secret = await readClientSecret(options.clientSecret, context, { fresh })
    const provider = await connectWith(secret, options, context)
    const parameters: Record<string, string> = options.audience === '' ? {} : { audience: options.audience }
    const response = await openid.refreshTokenGrant(provider.configuration, refreshToken, parameters)
    return { provider, response }
  }
  try {
    const { provider, response } = await attempt(false).catch((error) => {
      if (!(isKept(options.clientSecret) && isRefusedClient(error))) throw error
      return attempt(true)
    })
    const { key, nowMs } = { key: entry.facts, nowMs: context.now() }
    return await entryOf({ key, options, provider, response, nonce: undefined, before: entry, nowMs })
  } catch (error) {
    context.signal.throwIfAborted()
    const needsPerson = ['invalid_grant', 'interaction_required', 'login_required', 'consent_required']
    if (needsPerson.includes(oauthError(error) ?? '')) return undefined
    if (error instanceof CommandError && error.reason === 'grant_ended') return undefined
    throw failureOf(error, 'The answer of the provider')
  }
}

function connectWith(
  secret: string | undefined,
  options: UserTokenOptions,
  context: Context,
): Promise<Provider> {
  const { issuer, clientId, clientAuthentication: authentication } = options
  return connect({ issuer, clientId, secret, authentication }, context.signal)
}

function scopesFor({ scopes }: UserTokenOptions, { configuration }: Provider): readonly string[] {
  if (scopes.length > 0) return scopes
  const supported = configuration.serverMetadata().scopes_supported ?? []
  return ['openid', 'email', 'profile', ...(supported.includes('offline_access') ? ['offline_access'] : [])]
}

async function entryOf(parts: {
  readonly key: EntryKey
  readonly options: UserTokenOptions
  readonly provider: Provider
  readonly response: openid.TokenEndpointResponse
  readonly nonce: string | undefined
  readonly before: Entry | undefined
  readonly nowMs: number
}): Promise<Entry> {
  const { key, options, provider, response, nonce, before, nowMs } = parts
  const metadata = provider.configuration.serverMetadata()
  const received = provider.takeIdToken()
  const audience = options.audience === '' ? undefined : options.audience
  // With an audience, whom an ID token is for differs by provider; where it is not wanted, it is not kept.
  const idToken = options.token === 'accessToken' && audience !== undefined ? undefined : received
  const claims =
    idToken === undefined
      ? undefined
      : await verifyIdToken(idToken, {
          metadata,
          clientId: options.clientId,
          audience,
          nonce,
          subject: before?.facts.subject,
        })
  if (idToken === undefined && options.token === 'idToken') throw noIdToken(before !== undefined)
  const { access_token: accessToken, expires_in: expiresIn } = response
  // A provider that does not rotate refresh tokens leaves the old one out of its answer.
  const refreshToken = response.refresh_token ?? before?.tokens.refreshToken
  const { kind, issuer, clientId, account, scopes } = key
  const subject = claims?.sub ?? before?.facts.subject ?? subjectOf(accessToken)
  const accessTokenExpiresAt =
    expiryOf(accessToken) ?? (expiresIn === undefined ? undefined : Math.floor(nowMs / 1000 + expiresIn))
  return {
    facts: {
      kind,
      issuer,
      clientId,
      audience: key.audience,
      account,
      scopes,
      savedAtMs: nowMs,
      renewable: refreshToken !== undefined,
      ...(subject === undefined ? {} : { subject }),
      ...(claims?.exp === undefined ? {} : { idTokenExpiresAt: claims.exp }),
      ...(accessTokenExpiresAt === undefined ? {} : { accessTokenExpiresAt }),
      ...(metadata.revocation_endpoint ? { revocationEndpoint: metadata.revocation_endpoint } : {}),
    },
    tokens: {
      accessToken,
      ...(idToken === undefined ? {} : { idToken }),
      ...(refreshToken === undefined ? {} : { refreshToken }),
    },
  }
}

function noIdToken(isRefresh: boolean): CommandError {
  return isRefresh
    ? new CommandError('grant_ended', 'The provider gives no new ID token without a sign-in.')
    : new CommandError('token_unusable', 'The provider gave no ID token; --scopes has to include openid.')
}
