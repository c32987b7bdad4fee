import { CfnListenerRule } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { Construct } from 'constructs'
import type { Entrance } from '../listener-rules.ts'
import type { LastAction, RuleDescription } from '../rule-description.ts'
import type { Settings } from '../settings/settings.ts'

export interface ListenerRulesProps {
  readonly listenerArn: string
  readonly rules: readonly RuleDescription[]
  readonly settings: Settings
  /** A CloudFormation reference to the client secret of authenticate-oidc; undefined where no rule has that. */
  readonly oidcClientSecret: string | undefined
  readonly targetGroupArn: (entrance: Entrance) => string
}

/**
 * Writes rule descriptions as CloudFormation.
 *
 * The level-1 construct on purpose: the higher one has no additional claims for jwt-validation, and without them the
 * load balancer would not look at the audience of a token.
 */
export class ListenerRules extends Construct {
  constructor(scope: Construct, id: string, props: ListenerRulesProps) {
    super(scope, id)
    for (const rule of props.rules) {
      new CfnListenerRule(this, rule.id, {
        listenerArn: props.listenerArn,
        priority: rule.priority,
        conditions: conditionsOf(rule),
        actions: actionsOf(rule, props),
      })
    }
  }
}

function conditionsOf({ paths, header, hosts }: RuleDescription): CfnListenerRule.RuleConditionProperty[] {
  const path = { field: 'path-pattern', pathPatternConfig: { values: [...paths] } }
  const host = { field: 'host-header', hostHeaderConfig: { values: [...hosts] } }
  const httpHeader = (condition: NonNullable<typeof header>) => ({
    field: 'http-header',
    httpHeaderConfig: {
      httpHeaderName: condition.name,
      [condition.by === 'regex' ? 'regexValues' : 'values']: [...condition.values],
    },
  })
  return [path, ...(header === undefined ? [] : [httpHeader(header)]), ...(hosts.length === 0 ? [] : [host])]
}

function actionsOf(rule: RuleDescription, props: ListenerRulesProps): CfnListenerRule.ActionProperty[] {
  const actions = [authenticationOf(rule, props), lastActionOf(rule.last, props)]
  return actions
    .filter((action) => action !== undefined)
    .map((action, index) => ({ ...action, order: index + 1 }))
}

function authenticationOf(
  rule: RuleDescription,
  props: ListenerRulesProps,
): CfnListenerRule.ActionProperty | undefined {
  if (rule.authentication === undefined) return undefined
  if (rule.authentication === 'jwt')
    return { type: 'jwt-validation', jwtValidationConfig: jwtValidation(props.settings) }
  return { type: 'authenticate-oidc', authenticateOidcConfig: authenticateOidc(props, rule.authentication) }
}

function jwtValidation({ auth, resolved, ingress }: Settings): CfnListenerRule.JwtValidationConfigProperty {
  const [{ issuer, jwksUri, audienceClaim, audiences }] = resolved.trustedIssuers
  // client_id is one string in every token; only aud may be an array, and some providers always send it so.
  const isOwn = auth.appAuth.authServerType === 'Self'
  const format = audienceClaim === 'aud' && !isOwn ? ingress.jwtAudienceFormat : 'single-string'
  return {
    issuer,
    jwksEndpoint: jwksUri ?? '',
    additionalClaims: [{ format, name: audienceClaim, values: [...audiences] }],
  }
}

function authenticateOidc(
  { settings, oidcClientSecret }: ListenerRulesProps,
  onUnauthenticatedRequest: 'deny' | 'authenticate',
): CfnListenerRule.AuthenticateOidcConfigProperty {
  const { openId } = settings.auth.userAuth
  const { cookieName, timeout, extraParams } = settings.ingress.session
  const { authorizationEndpoint, tokenEndpoint, userInfoEndpoint } = openId
  if (!authorizationEndpoint || !tokenEndpoint || !userInfoEndpoint || !oidcClientSecret)
    throw new TypeError('authenticate-oidc needs the endpoints of the provider and a client secret')
  return {
    issuer: settings.resolved.openIdIssuer,
    authorizationEndpoint,
    tokenEndpoint,
    userInfoEndpoint,
    clientId: openId.clientId,
    clientSecret: oidcClientSecret,
    scope: openId.scopes.join(' '),
    sessionCookieName: cookieName,
    sessionTimeout: Math.floor(timeout / 1000),
    onUnauthenticatedRequest,
    ...(Object.keys(extraParams).length === 0 ? {} : { authenticationRequestExtraParams: extraParams }),
  }
}

function lastActionOf(last: LastAction, props: ListenerRulesProps): CfnListenerRule.ActionProperty {
  if (last.kind === 'forward') return { type: 'forward', targetGroupArn: props.targetGroupArn(last) }
  return {
    type: 'fixed-response',
    fixedResponseConfig: {
      statusCode: String(last.status),
      contentType: last.contentType,
      messageBody: last.body,
    },
  }
}
