/** The metadata server of Google Cloud, which knows what runs on its machines. */
import { CommandError } from '../../shared/failure.ts'
import { usage } from '../../shared/flags.ts'
import { type JsonAnswer, requestJson } from '../../shared/http.ts'
import type { Context } from '../context.ts'
import { obtain } from '../obtain.ts'
import type { EntryKey } from '../store/entry.ts'
import { assertIdToken, entryOfToken } from './entry-of-token.ts'
import type { ServiceTokenGetter } from './source.ts'

const WHO = 'The metadata server'
/** It is on the same machine, or there is none: then the name does not even resolve. */
const PROBE_TIMEOUT_MS = 1_500
const FLAVOR = { 'metadata-flavor': 'Google' }

/** Whether this runs on Google Cloud; `NO_GCE_CHECK=true`, as Google's own libraries have it, says that it does not. */
export async function isOnGoogleCloud(context: Context): Promise<boolean> {
  if (context.environment.GCE_METADATA_HOST) return true
  if (context.environment.NO_GCE_CHECK === 'true') return false
  try {
    const answer = await ask('/computeMetadata/v1/instance/id', context, PROBE_TIMEOUT_MS)
    return answer.status === 200
  } catch {
    context.signal.throwIfAborted()
    return false
  }
}

/** An ID token of the service account of this machine, or of another one that it has (`--account`). */
export const metadataToken: ServiceTokenGetter = async (options, context) => {
  const { audience, force } = options
  if (audience === '') throw usage('The metadata server needs --audience: whom the token is for.')
  const path = `/computeMetadata/v1/instance/service-accounts/${encodeURIComponent(options.account || 'default')}`
  // "default" is another account on another machine, and may become another one on this.
  const account = (await askText(`${path}/email`, context)).trim()
  const key: EntryKey = {
    kind: 'service',
    issuer: 'https://accounts.google.com',
    clientId: '',
    audience,
    account,
    scopes: [],
  }
  const signIn = async () => {
    const query = new URLSearchParams({ audience, format: 'full' })
    const nowMs = context.now()
    const received = (await askText(`${path}/identity?${query}`, context)).trim()
    const token = assertIdToken(received, { who: WHO, audience, nowMs })
    return entryOfToken({ key, kind: 'idToken', token, nowMs })
  }
  return obtain({ key, token: 'idToken', force, refresh: async () => undefined, signIn }, context)
}

async function askText(path: string, context: Context): Promise<string> {
  const { status, text } = await ask(path, context)
  if (status === 200) return text
  throw new CommandError(
    'refused',
    status === 404
      ? 'The metadata server knows no such service account.'
      : 'The metadata server refused to give a token.',
  )
}

async function ask(path: string, context: Context, timeoutMs?: number): Promise<JsonAnswer> {
  const host = context.environment.GCE_METADATA_HOST || 'metadata.google.internal'
  const answer = await requestJson(`http://${host}${path}`, {
    headers: FLAVOR,
    signal: context.signal,
    who: 'the metadata server',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  // Some networks answer every name; only the real one says so itself.
  if (answer.headers.get('metadata-flavor') === 'Google') return answer
  throw new CommandError('answer_unusable', 'What answers as the metadata server is not Google’s.')
}
