/** `list` and `logout`: what is kept on this machine. */
import { CommandError } from '../shared/failure.ts'
import { isSecureUrl } from '../shared/flags.ts'
import { requestJson } from '../shared/http.ts'
import { withLock } from '../shared/lock.ts'
import type { Selection } from './arguments.ts'
import type { Context } from './context.ts'
import { dateOf } from './jwt.ts'
import { printable } from './output.ts'
import type { StoredFacts } from './store/token-store.ts'

/** Prints what is kept, without anything that is secret. */
export async function list(selection: Selection, json: boolean, context: Context): Promise<void> {
  const entries = await select(selection, context)
  if (json) {
    const described = entries.map((entry) => describe(entry, context.now()))
    context.out(printable(described, 2))
    return
  }
  if (entries.length === 0) context.say('Nothing is kept.')
  for (const entry of entries) context.out(lines(entry, context.now()))
}

/** Removes what is kept, and tells the provider that a refresh token is not needed any more (RFC 7009). */
export async function logout(selection: Selection, context: Context): Promise<void> {
  const entries = await select(selection, context)
  for (const { id } of entries) {
    const { store, signal } = context
    await withLock({ path: store.lockPath(id), signal }, async () => {
      const entry = await store.read(id)
      await store.remove(id)
      const { refreshToken } = entry?.tokens ?? {}
      const { revocationEndpoint, clientId } = entry?.facts ?? {}
      if (!refreshToken || !clientId || !revocationEndpoint || !isSecureUrl(revocationEndpoint)) return
      if (await revoke({ refreshToken, revocationEndpoint, clientId }, context)) return
      context.say('The provider did not take a refresh token back; it is forgotten here all the same.')
    })
  }
  context.say(entries.length === 0 ? 'Nothing was kept.' : `Removed: ${entries.length}.`)
}

const REVOCATION_TIMEOUT_MS = 5_000

async function revoke(
  parts: { refreshToken: string; revocationEndpoint: string; clientId: string },
  { signal }: Context,
): Promise<boolean> {
  const { refreshToken, revocationEndpoint, clientId } = parts
  const body = new URLSearchParams({
    token: refreshToken,
    token_type_hint: 'refresh_token',
    client_id: clientId,
  })
  try {
    const answer = await requestJson(revocationEndpoint, {
      method: 'POST',
      body,
      signal,
      who: 'the provider',
      timeoutMs: REVOCATION_TIMEOUT_MS,
    })
    return answer.status === 200
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof CommandError) return false
    throw error
  }
}

async function select(selection: Selection, { store }: Context): Promise<readonly StoredFacts[]> {
  const wanted = Object.entries(selection).filter(([, value]) => value !== undefined)
  return (await store.list()).filter((entry) =>
    wanted.every(([name, value]) => entry[name as keyof Selection] === value),
  )
}

function describe(entry: StoredFacts, nowMs: number) {
  const { kind, issuer, clientId, audience, account, scopes, subject, renewable, place } = entry
  const expiry = entry.idTokenExpiresAt ?? entry.accessTokenExpiresAt
  return {
    kind,
    issuer,
    client_id: clientId,
    audience,
    account,
    scopes,
    subject: subject ?? null,
    expires_at: dateOf(expiry),
    expired: expiry !== undefined && expiry * 1000 <= nowMs,
    renewable,
    kept_in: place,
  }
}

function lines(entry: StoredFacts, nowMs: number): string {
  const {
    kind,
    issuer,
    client_id: clientId,
    audience,
    subject,
    kept_in: place,
    ...rest
  } = describe(entry, nowMs)
  const lasts = rest.expires_at === null ? '' : `${rest.expired ? 'ended' : 'until'} ${rest.expires_at}`
  const facts = [
    clientId && `client ${clientId}`,
    audience && `for ${audience}`,
    (rest.account || subject) && `of ${rest.account || subject}`,
    lasts,
    rest.renewable && 'renewed without asking',
    `in the ${place}`,
  ]
  const text = `${kind}  ${issuer}\n    ${facts.filter(Boolean).join(', ')}`
  return text.replaceAll(/[^\n\x20-\x7e]/g, '?')
}
