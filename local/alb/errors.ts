/**
 * Why the load balancer could not serve a request, in the words of its access log (`error_reason`).
 *
 * Three groups: `Auth*` for authenticate-oidc, `JWT*` and `JWKS*` for jwt-validation, `Lambda*` for the
 * function behind a target group. The names are those of the documented access-log codes, except that AWS
 * lists no exact names for `JWKS*`.
 */
export type ErrorReason =
  | 'AuthInvalidAWSALBAuthNonce'
  | 'AuthInvalidCookie'
  | 'AuthInvalidGrantError'
  | 'AuthInvalidIdToken'
  | 'AuthInvalidStateParam'
  | 'AuthInvalidTokenResponse'
  | 'AuthInvalidUserinfoResponse'
  | 'AuthMissingAWSALBAuthNonce'
  | 'AuthMissingCodeParam'
  | 'AuthMissingHostHeader'
  | 'AuthMissingStateParam'
  | 'AuthTokenEpRequestFailed'
  | 'AuthTokenEpRequestTimeout'
  | 'AuthUnhandledException'
  | 'AuthUserinfoEpRequestFailed'
  | 'AuthUserinfoEpRequestTimeout'
  | 'AuthUserinfoResponseSizeExceeded'
  | 'JWKSRequestFailed'
  | 'JWKSRequestTimeout'
  | 'JWKSResponseInvalid'
  | 'JWKSResponseSizeExceeded'
  | 'JWTClaimFormatInvalid'
  | 'JWTClaimNotPresent'
  | 'JWTClaimValueInvalid'
  | 'JWTHeaderNotPresent'
  | 'JWTRequestFormatInvalid'
  | 'JWTSignatureValidationError'
  | 'LambdaAccessDenied'
  | 'LambdaBadRequest'
  | 'LambdaConnectionTimeout'
  | 'LambdaInvalidResponse'
  | 'LambdaRequestTooLarge'
  | 'LambdaResourceNotFound'
  | 'LambdaResponseTooLarge'
  | 'LambdaThrottling'
  | 'LambdaUnhandled'

/** A request that the load balancer answers itself, with `status`. The message names only the reason. */
export class AlbError extends Error {
  override readonly name = 'AlbError'
  readonly status: number
  readonly reason: ErrorReason | undefined

  constructor(status: number, reason?: ErrorReason, options?: ErrorOptions) {
    super(reason ?? `HTTP ${status}`, options)
    this.status = status
    this.reason = reason
  }
}

/**
 * A template that cannot be served, found before the first request.
 *
 * `where` is the path inside the template (`Resources.Name.Properties…`); the message is a sentence for the
 * person who wrote the template, and holds no resolved value.
 */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly where: string

  constructor(where: string, problem: string, options?: ErrorOptions) {
    super(`${where}: ${problem}`, options)
    this.where = where
  }
}
