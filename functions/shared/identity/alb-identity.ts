/**
 * The identity that the load balancer established with its own sign-in (authenticate-oidc).
 *
 * Only for requests of the access class `oidc`: on any other way in, these headers are whatever a client sent.
 */
import { epochSeconds } from '../clock.ts'
import type { FunctionSettings } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { type HeaderLines, singleCredentialHeader } from '../http/message.ts'
import { isSignatureValid } from '../tokens/algorithms.ts'
import { assertSubject, assertTimeClaims, isPlainSubject } from '../tokens/claim-checks.ts'
import { type JwtObject, parseUnverifiedJwt } from '../tokens/jwt.ts'
import { type AlbKeysDeps, createAlbKeys } from './alb-keys.ts'
import type { Caller } from './caller.ts'
import { profileOfClaims } from './profile.ts'

/**
 * Reads the caller from `x-amzn-oidc-data`; without that header from `x-amzn-oidc-identity`, which is a subject
 * and nothing else. Undefined without either, as on a rule that lets people pass who are not signed in.
 *
 * Checks the signature (ES256), that our own load balancer signed for our client and issuer, `exp`, and that
 * there is a subject.
 *
 * @throws {ServiceError} `credentials_duplicated`, `alb_signer_mismatch`, `alb_client_mismatch`,
 *   `issuer_untrusted`, and those of a token (`token_…`, `keys_unavailable`)
 */
export type AlbIdentity = (headers: HeaderLines) => Promise<Caller | undefined>

export interface AlbIdentityDeps extends Omit<AlbKeysDeps, 'region'> {
  readonly loadBalancer: FunctionSettings['loadBalancer']
}

/** Makes the reader. */
export function createAlbIdentity({ loadBalancer, fetch, now }: AlbIdentityDeps): AlbIdentity {
  const keys = createAlbKeys({ region: loadBalancer.region, fetch, now })

  async function callerOfData(data: string): Promise<Caller> {
    // The load balancer keeps the padding, and its signature covers it.
    const { header, payload, signingInput, signature } = parseUnverifiedJwt(data, 'allowed')
    assertHeader(header, loadBalancer)
    const key = await keys.find(header.kid)
    if (!isSignatureValid({ algorithm: 'ES256', key, signingInput, signature })) {
      throw new ServiceError('token_signature_invalid')
    }
    if (payload.iss !== undefined && payload.iss !== loadBalancer.issuer) {
      throw new ServiceError('issuer_untrusted')
    }
    const expiresAtEpochSeconds = assertNotExpired(header, payload, epochSeconds(now()))
    return {
      ...albCaller(loadBalancer, assertSubject(payload)),
      profile: profileOfClaims(payload),
      source: 'alb-claims',
      expiresAtEpochSeconds,
    }
  }

  return async (headers) => {
    const data = singleCredentialHeader(headers, 'x-amzn-oidc-data')
    const subject = singleCredentialHeader(headers, 'x-amzn-oidc-identity')
    if (data !== undefined) return callerOfData(data)
    if (subject === undefined) return undefined
    if (!isPlainSubject(subject)) throw new ServiceError('token_claims_invalid')
    return albCaller(loadBalancer, subject)
  }
}

function assertHeader(header: JwtObject, { arn, clientId, issuer }: FunctionSettings['loadBalancer']): void {
  if (header.alg !== 'ES256') throw new ServiceError('token_algorithm_refused')
  if (header.signer !== arn) throw new ServiceError('alb_signer_mismatch')
  if (header.client !== clientId) throw new ServiceError('alb_client_mismatch')
  if (header.iss !== issuer) throw new ServiceError('issuer_untrusted')
}

/** The expiry is in the header, and usually among the claims too: the earlier one counts. */
function assertNotExpired(header: JwtObject, payload: JwtObject, nowEpochSeconds: number): number {
  const ofHeader = assertTimeClaims(header, nowEpochSeconds)
  if (payload.exp === undefined) return ofHeader
  return Math.min(ofHeader, assertTimeClaims(payload, nowEpochSeconds))
}

function albCaller(loadBalancer: FunctionSettings['loadBalancer'], subject: string): Caller {
  return {
    kind: 'user',
    issuer: loadBalancer.issuer,
    subject,
    clientId: loadBalancer.clientId,
    scopes: [],
    profile: {},
    source: 'alb-subject',
    expiresAtEpochSeconds: undefined,
  }
}
