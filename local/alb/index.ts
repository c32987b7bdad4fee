/**
 * An Application Load Balancer on one machine: it takes a synthesized CloudFormation template and serves one
 * of its listeners, with the listener's rules, over http or https, invoking functions that the caller runs.
 *
 * A request: `request.ts` reads it and applies the limits, `listener.ts` selects the rule, `actions/` run in
 * the rule's order until one answers, `server.ts` writes the answer and the access log.
 *
 * A login, as authenticate-oidc runs it (`actions/authenticate.ts`, `oidc/`):
 *
 * ```
 *  anonymous ── request ──► 302 to the authorization endpoint; state sealed in the URL, its nonce in the
 *      ▲                    cookie AWSALBAuthNonce                                              = started
 *  started ──── GET /oauth2/idpresponse?code&state within 15 minutes, same nonce
 *      │        code → tokens → ID token checked → userinfo of the same subject
 *      │        302 to where it began; session sealed in <cookie name>-0 … -3                 = signed in
 *      ├─ 401 state, nonce or code missing or wrong, login too slow, access denied, no ID token
 *      ├─ 561 any other error that the provider answers     500 provider out of reach, claims over 11 K
 *  signed in ── request ──► forwarded with x-amzn-oidc-accesstoken, -identity and -data (signed, padded)
 *      │   access token over, refresh token there ──► refreshed, new cookie                   = signed in
 *      └─ session timeout over, or the refresh failed                                           = expired
 *  expired ──── request ──► as anonymous; `deny` redirects here, where it answers 401 to the anonymous
 * ```
 *
 * `/oauth2/idpresponse` is answered where the rule that matches it authenticates; a template whose rules send
 * that path elsewhere cannot sign anybody in here.
 *
 * What AWS does not document is decided against the functions behind it: headers a client can send are passed
 * on wherever removal is not promised. Not here: Cognito, regular expressions, URL rewrites, mutual TLS,
 * HTTP/2, sticky sessions, WAF; a template that asks for one of the first three is refused at the start.
 *
 * Depends on nothing but Node.
 */

export type { DynamicReference } from './cloudformation/dynamic-reference.ts'
export { createResolver, type Resolver, type ResolverOptions } from './cloudformation/resolver.ts'
export { AlbError, type ErrorReason, TemplateError } from './errors.ts'
export { compileGlob, type Matcher } from './glob.ts'
export type { Health } from './health-check.ts'
export { type KeyServer, startKeyServer } from './key-server.ts'
export { type LocalAlb, type LocalAlbOptions, startLocalAlb } from './server.ts'
export { targetGroupArn } from './target-group.ts'
export type {
  AccessLogEntry,
  AlbEvent,
  CloudFormationResource,
  CloudFormationTemplate,
  Invoke,
  InvokeFailure,
  InvokeResult,
  InvokeTarget,
  MapUrl,
  Now,
  Resolve,
} from './types.ts'
