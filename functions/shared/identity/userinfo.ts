/** The userinfo endpoint of an issuer (OpenID Connect Core section 5.3). */
import { ServiceError } from '../errors.ts'
import { isPlainSubject } from '../tokens/claim-checks.ts'
import type { IssuerMetadataSource } from '../tokens/issuer-metadata.ts'
import { type DocumentFetcher, parseJsonObject } from '../tokens/remote-document.ts'
import type { Profile } from './caller.ts'
import { profileOfClaims } from './profile.ts'
import type { BearerCredential } from './resolved-caller.ts'

/** What an issuer says about the holder of a token. */
export interface Userinfo {
  readonly subject: string
  readonly profile: Profile
}

/**
 * Asks the issuer of a token about its holder, with that very token.
 *
 * The endpoint is the one in the issuer's own metadata. The answer has to be plain JSON with a subject; a
 * signed one (`application/jwt`) is not read. Whether the subject is the token's own is for the caller to check.
 *
 * @throws {ServiceError} `provider_unavailable`, `provider_answer_invalid`, `provider_issuer_mismatch`
 */
export type UserinfoClient = (bearer: BearerCredential, signal: AbortSignal) => Promise<Userinfo>

const TIMEOUT_MS = 3_000
const MAX_BYTES = 64 * 1024
const JSON_TYPE = /^application\/json *(;|$)/i

/** Makes the client. */
export function createUserinfoClient(deps: {
  fetch: DocumentFetcher
  metadata: IssuerMetadataSource
}): UserinfoClient {
  return async ({ token, verified }, signal) => {
    const { userinfoEndpoint } = await deps.metadata.get(verified.issuer)
    if (userinfoEndpoint === undefined) throw new ServiceError('provider_answer_invalid')
    const answer = await deps.fetch(userinfoEndpoint, {
      headers: { authorization: `Bearer ${token.reveal()}`, accept: 'application/json' },
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      signal,
    })
    if (answer.status !== 200) throw new ServiceError('provider_unavailable')
    if (!JSON_TYPE.test(answer.headers['content-type'] ?? ''))
      throw new ServiceError('provider_answer_invalid')
    const claims = parseJsonObject(answer.body)
    if (!isPlainSubject(claims.sub)) throw new ServiceError('provider_answer_invalid')
    return { subject: claims.sub, profile: profileOfClaims(claims) }
  }
}
