/**
 * Google's credential files: the key of a service account (a JWT bearer grant, RFC 7523), and workload identity
 * federation, where another platform's token is exchanged (RFC 8693) for one of a service account.
 */
import { readFile } from 'node:fs/promises'
import { importPKCS8, SignJWT } from 'jose'
import { CommandError, systemCode } from '../../shared/failure.ts'
import { isSecureUrl, usage } from '../../shared/flags.ts'
import { errorCode, type JsonAnswer, jsonObject, requestJson } from '../../shared/http.ts'
import type { Context } from '../context.ts'
import { obtain } from '../obtain.ts'
import type { EntryKey } from '../store/entry.ts'
import { assertIdToken, entryOfToken } from './entry-of-token.ts'
import { readSubjectToken } from './google-subject-token.ts'
import type { ServiceTokenGetter } from './source.ts'

type Fields = Readonly<Record<string, unknown>>

const ASSERTION_SECONDS = 3_600
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const CLOUD_SCOPE = 'https://www.googleapis.com/auth/cloud-platform'

/** An ID token of the service account that a credential file is for. */
export const googleToken: ServiceTokenGetter = async (options, context) => {
  const { audience, force } = options
  if (audience === '') throw usage('A Google service account needs --audience: whom the token is for.')
  const file = options.keyFile ?? context.environment.GOOGLE_APPLICATION_CREDENTIALS
  if (!file) throw usage('--source key-file needs --key-file, or GOOGLE_APPLICATION_CREDENTIALS.')
  const fields = await readCredentials(file)
  const { account, issuer, request } =
    fields.type === 'service_account' ? keyGrant(fields, audience) : federation(fields, audience)
  const key: EntryKey = { kind: 'service', issuer, clientId: account, audience, account, scopes: [] }
  const signIn = async () => {
    const nowMs = context.now()
    const token = assertIdToken(await request(context), { who: 'Google', audience, nowMs })
    return entryOfToken({ key, kind: 'idToken', token, nowMs })
  }
  return obtain({ key, token: 'idToken', force, refresh: async () => undefined, signIn }, context)
}

async function readCredentials(file: string): Promise<Fields> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    const code = systemCode(cause) ?? 'error'
    throw new CommandError('credentials_unusable', `The key file cannot be read (${code}).`, { cause })
  })
  const fields = jsonObject(text)
  if (fields?.type === 'service_account' || fields?.type === 'external_account') return fields
  throw new CommandError(
    'credentials_unusable',
    fields?.type === 'authorized_user'
      ? 'The key file is a person’s, from gcloud; a person signs in with user-id-token.'
      : 'The key file is no key of a Google service account and no workload identity configuration.',
  )
}

interface Grant {
  readonly account: string
  readonly issuer: string
  readonly request: (context: Context) => Promise<unknown>
}

function keyGrant(fields: Fields, audience: string): Grant {
  const [account, privateKey] = [text(fields, 'client_email'), text(fields, 'private_key')]
  const tokenUri = secureUrl(fields, 'token_uri')
  const keyId = fields.private_key_id
  const request = async ({ now, signal }: Context) => {
    const key = await importPKCS8(privateKey, 'RS256').catch((cause) => {
      throw new CommandError('credentials_unusable', 'The private key in the key file is not one.', { cause })
    })
    const issuedAt = Math.floor(now() / 1000)
    const assertion = await new SignJWT({ target_audience: audience })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(typeof keyId === 'string' ? { kid: keyId } : {}) })
      .setIssuer(account)
      .setSubject(account)
      .setAudience(tokenUri)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_SECONDS)
      .sign(key)
    const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion })
    return accepted(await requestJson(tokenUri, { method: 'POST', body, signal, who: 'Google' })).id_token
  }
  return { account, issuer: tokenUri, request }
}

/** A token of somewhere else, for a short-lived one of Google, for an ID token of the service account. */
function federation(fields: Fields, audience: string): Grant {
  const impersonation = secureUrl(fields, 'service_account_impersonation_url')
  const [, account] = /\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(impersonation) ?? []
  if (account === undefined) throw incomplete('service_account_impersonation_url')
  const [tokenUrl, pool] = [secureUrl(fields, 'token_url'), text(fields, 'audience')]
  const subjectTokenType = text(fields, 'subject_token_type')
  const request = async (context: Context) => {
    const { signal } = context
    const body = new URLSearchParams({
      grant_type: TOKEN_EXCHANGE,
      audience: pool,
      scope: CLOUD_SCOPE,
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: subjectTokenType,
      subject_token: await readSubjectToken(fields.credential_source, context),
    })
    const exchanged = accepted(
      await requestJson(tokenUrl, { method: 'POST', body, signal, who: 'Google' }),
    ).access_token
    const idTokenUrl = impersonation.replace(/:generateAccessToken$/, ':generateIdToken')
    const answer = await requestJson(idTokenUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${String(exchanged)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ audience, includeEmail: true }),
      signal,
      who: 'Google',
    })
    return accepted(answer).token
  }
  return { account: decodeURIComponent(account), issuer: tokenUrl, request }
}

function accepted({ status, body }: JsonAnswer): Fields {
  if (status === 200 && body !== undefined) return body
  throw new CommandError(
    'refused',
    `Google refused the service account${errorCode(body?.error)}; check that its key is not deleted and that it may do this.`,
  )
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value === 'string' && value !== '') return value
  throw incomplete(name)
}

/** Where a credential goes to is in the file itself: at least nobody on the way may read it. */
function secureUrl(fields: Fields, name: string): string {
  const value = text(fields, name)
  if (isSecureUrl(value)) return value
  throw incomplete(name)
}

function incomplete(name: string): CommandError {
  return new CommandError('credentials_unusable', `The key file has no usable ${name}.`)
}
