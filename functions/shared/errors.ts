/**
 * Every way in which a call can fail, in one table: the reason (for logs, metrics and tests), the code for
 * the client, the HTTP status, and the sentence that a person reads. Branch on `reason`, never on text.
 */

/** The Connect and gRPC error codes this service uses; never `unknown`, which clients take for a sign-in problem. */
export type RpcCode =
  | 'canceled'
  | 'invalid_argument'
  | 'deadline_exceeded'
  | 'not_found'
  | 'already_exists'
  | 'permission_denied'
  | 'resource_exhausted'
  | 'failed_precondition'
  | 'aborted'
  | 'out_of_range'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'unauthenticated'

interface ReasonRow {
  readonly code: RpcCode
  readonly status: number
  readonly message: string
}

const unauthenticated = (message: string): ReasonRow => ({ code: 'unauthenticated', status: 401, message })
const invalid = (message: string): ReasonRow => ({ code: 'invalid_argument', status: 400, message })
const unavailable = (message: string): ReasonRow => ({ code: 'unavailable', status: 503, message })

export const REASONS = {
  // Who is calling
  credentials_missing: unauthenticated('Sign in, or send a bearer token.'),
  credentials_duplicated: unauthenticated('More than one credential of the same kind was sent.'),
  credentials_malformed: unauthenticated('The authorization header is not a bearer token.'),
  token_malformed: unauthenticated('The token is not a well-formed JWT.'),
  token_too_large: unauthenticated('The token is larger than this service reads.'),
  token_algorithm_refused: unauthenticated(
    'The token is signed with an algorithm that its issuer does not use.',
  ),
  token_header_refused: unauthenticated('The token header asks for something this service does not do.'),
  token_key_unknown: unauthenticated('The token is signed with a key that its issuer does not publish.'),
  token_signature_invalid: unauthenticated('The token signature does not verify.'),
  token_expired: unauthenticated('The token has expired.'),
  token_not_yet_valid: unauthenticated('The token is not valid yet.'),
  token_claims_invalid: unauthenticated('The token lacks a claim that it must have.'),
  token_kind_refused: unauthenticated('The token is not an access token.'),
  issuer_untrusted: unauthenticated('The token comes from an issuer that this service does not trust.'),
  audience_mismatch: unauthenticated('The token was issued for another service.'),
  alb_signer_mismatch: unauthenticated('The identity header was signed for another load balancer.'),
  alb_client_mismatch: unauthenticated('The identity header was signed for another client.'),
  keys_unavailable: unavailable('The keys of tokens cannot be reached right now.'),
  session_unreadable: unauthenticated('The session cookies cannot be read. Sign in again.'),
  session_expired: unauthenticated('The session has expired. Sign in again.'),
  session_ended: unauthenticated('The session was ended. Sign in again.'),

  // How they sign in
  redirect_refused: invalid('The address to go on to is not one of this site.'),
  sign_in_unknown: invalid(
    'This sign-in was started in another browser, too long ago, or has already been finished.',
  ),
  sign_in_answer_invalid: invalid('The answer of the identity provider is not one to this sign-in.'),
  sign_in_denied: {
    code: 'permission_denied',
    status: 403,
    message: 'The identity provider did not sign you in.',
  },
  session_too_large: {
    code: 'failed_precondition',
    status: 400,
    message:
      'The tokens of the identity provider are too large for cookies. It has to be told to put fewer claims into them.',
  },
  logout_token_invalid: invalid('The logout token is not valid.'),

  // What they may do
  cross_site_request: {
    code: 'permission_denied',
    status: 403,
    message: 'A signed-in browser may only be asked this by a page of this site.',
  },
  service_refused: {
    code: 'permission_denied',
    status: 403,
    message: 'This service is not reachable from here.',
  },

  // What they sent
  request_malformed: invalid('The request cannot be read.'),
  request_invalid: invalid('The request is not valid.'),
  page_token_invalid: invalid('The page token is not one of this list.'),
  request_too_large: {
    code: 'out_of_range',
    status: 400,
    message: 'The request is larger than this service reads.',
  },
  response_too_large: {
    code: 'out_of_range',
    status: 400,
    message: 'The answer is larger than the load balancer passes on (1 MB). Ask for fewer items at a time.',
  },
  encoding_unsupported: {
    code: 'unimplemented',
    status: 501,
    message: 'The message is compressed in a way that this service does not read. Send gzip, or none.',
  },
  deadline_exceeded: {
    code: 'deadline_exceeded',
    status: 504,
    message: 'The time that the client allowed for this call has passed.',
  },
  method_not_allowed: {
    code: 'unimplemented',
    status: 405,
    message: 'This path does not answer that method.',
  },
  content_type_unsupported: {
    code: 'invalid_argument',
    status: 415,
    message: 'The content type is not one that this service reads.',
  },

  rate_limited: {
    code: 'resource_exhausted',
    status: 429,
    message: 'Too many requests. Wait a while before asking again.',
  },
  oauth_request_refused: invalid('The authorization server refused the request.'),
  oauth_client_refused: unauthenticated('The authorization server does not accept this client.'),
  oauth_grant_refused: invalid('The authorization server does not accept what was presented.'),

  // What there is
  path_unknown: { code: 'not_found', status: 404, message: 'There is nothing at this path.' },
  rpc_unknown: { code: 'unimplemented', status: 404, message: 'This service has no such method.' },
  rpc_unimplemented: {
    code: 'unimplemented',
    status: 501,
    message: 'This deployment does not implement that method.',
  },
  feature_unconfigured: {
    code: 'unimplemented',
    status: 501,
    message: 'This deployment is not configured for that.',
  },
  run_not_found: { code: 'not_found', status: 404, message: 'There is no such run.' },
  logs_not_found: { code: 'not_found', status: 404, message: 'There are no logs of this attempt.' },
  logs_unreadable: {
    code: 'failed_precondition',
    status: 400,
    message: 'The logs of this deployment cannot be read. Its operators have to look at runs.logs.',
  },
  action_not_found: { code: 'not_found', status: 404, message: 'There is no such action.' },
  parent_not_found: {
    code: 'not_found',
    status: 404,
    message: 'There is no such parent action in this run.',
  },
  state_not_found: {
    code: 'not_found',
    status: 404,
    message: 'This attempt of the action has left no state.',
  },
  action_exists: {
    code: 'already_exists',
    status: 409,
    message: 'Another action of the run already has this name.',
  },
  parent_ended: { code: 'aborted', status: 409, message: 'The parent action has ended.' },
  action_not_signalable: {
    code: 'failed_precondition',
    status: 400,
    message: 'The action is not a condition that is waiting for its signal.',
  },
  abort_unfinished: unavailable('The action has more actions below it than one call aborts. Try again.'),
  secret_not_found: { code: 'not_found', status: 404, message: 'There is no such secret.' },
  cluster_pool_not_found: {
    code: 'not_found',
    status: 404,
    message: 'This deployment has no pools of clusters. Leave the pool out.',
  },
  secret_exists: {
    code: 'already_exists',
    status: 409,
    message: 'A secret with this name already exists.',
  },
  trigger_not_found: { code: 'not_found', status: 404, message: 'There is no such trigger.' },
  project_not_found: { code: 'not_found', status: 404, message: 'There is no such project.' },
  task_not_found: { code: 'not_found', status: 404, message: 'There is no such task.' },
  run_exists: { code: 'already_exists', status: 409, message: 'A run with this name already exists.' },
  upload_exists: {
    code: 'already_exists',
    status: 409,
    message: 'There is another file of this name. Choose another filename_root.',
  },
  artifact_not_found: { code: 'not_found', status: 404, message: 'There is no such artifact.' },
  data_unreadable: {
    code: 'failed_precondition',
    status: 400,
    message: 'The stored data is not what it should be. Read it from the bucket, at its URI.',
  },
  data_elsewhere: {
    code: 'failed_precondition',
    status: 400,
    message: "The data is not in this deployment's storage. Read it where its URI says.",
  },
  data_too_large: {
    code: 'out_of_range',
    status: 400,
    message:
      'The data is larger than the load balancer passes on (1 MB). Read it from the bucket, at its URI.',
  },
  project_exists: { code: 'already_exists', status: 409, message: 'A project with this id already exists.' },

  settings_exist: {
    code: 'already_exists',
    status: 409,
    message: 'There are settings at this level. Update them.',
  },
  document_changed: {
    code: 'aborted',
    status: 409,
    message: 'Somebody else changed this at the same time. Read it again.',
  },

  // What we depend on
  provider_unavailable: unavailable('The identity provider does not answer.'),
  provider_answer_invalid: unavailable(
    'The identity provider answered with something that is not its document.',
  ),
  provider_refused: unavailable(
    'The identity provider refused the request of this deployment. Its operators have to look at the registration.',
  ),
  provider_issuer_mismatch: unavailable(
    'The identity provider names another issuer than the one configured.',
  ),
  store_throttled: unavailable('The database is busy. Try again.'),
  store_unavailable: unavailable('The database does not answer. Try again.'),
  secret_unavailable: unavailable('A secret of this deployment cannot be read. Try again.'),
  scheduler_unavailable: unavailable('The scheduler of triggers does not answer. Try again.'),
  vault_unavailable: unavailable('Secrets Manager does not answer. Try again.'),
  logs_unavailable: unavailable('CloudWatch Logs does not answer. Try again.'),
  storage_unavailable: unavailable('The object storage does not answer. Try again.'),
  internal_error: { code: 'internal', status: 500, message: 'Something went wrong on our side.' },
} as const satisfies Record<string, ReasonRow>

export type Reason = keyof typeof REASONS

/** How a call ended: `ok`, or the reason it failed. The value of the outcome metric. */
export type Outcome = 'ok' | Reason

export interface ServiceErrorOptions {
  /** What a person reads instead of the reason's sentence. Names and limits only, never a received value. */
  readonly message?: string
  /** What went wrong underneath; logged by its name only, never sent. */
  readonly cause?: unknown
}

/** A failure that a client is told about. Everything else that is thrown answers `internal_error`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly reason: Reason
  /** Extra response headers, for example `allow`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(reason: Reason, options: ServiceErrorOptions & { headers?: Record<string, string> } = {}) {
    super(options.message ?? REASONS[reason].message, { cause: options.cause })
    this.reason = reason
    this.headers = options.headers ?? {}
  }

  get code(): RpcCode {
    return REASONS[this.reason].code
  }

  get status(): number {
    return REASONS[this.reason].status
  }
}

/** Turns anything thrown into a {@link ServiceError}; an unexpected one becomes `internal_error`. */
export function asServiceError(thrown: unknown): ServiceError {
  return thrown instanceof ServiceError ? thrown : new ServiceError('internal_error', { cause: thrown })
}
