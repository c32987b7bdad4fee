/** A sample token, judged as the load balancer and the functions would. */
import { type Finding, findingsIn, shown } from './finding.ts'
import { checkSignature, parseToken, type SampleToken, type SignatureCheck } from './jwt.ts'
import type { SigningKey } from './keys.ts'
import { clientOf, isApplication, kindOf } from './principal.ts'
import type { JsonObject } from './read-json.ts'
import { type VendorName, vendorOf } from './vendor.ts'

export interface TokenContext {
  readonly issuer: string
  readonly keys: readonly SigningKey[]
  /** What it has to be for; empty: nobody said. */
  readonly audiences: readonly string[]
  readonly nowEpochSeconds: number
  /** Whether a token in the form of an ID token is as good as an access token. */
  readonly acceptsIdTokens: boolean
}

export interface CheckedToken {
  readonly findings: readonly Finding[]
  /** The claims, if the token is a valid one of the issuer and not expired: then userinfo can be asked with it. */
  readonly usable: JsonObject | undefined
}

const MAX_LENGTH = 16_384
const LEEWAY_SECONDS = 30
const LONG_LIFETIME_SECONDS = 24 * 3600
const REFUSED_HEADERS = ['crit', 'b64', 'zip', 'enc', 'jwk', 'jku', 'x5u', 'x5c']
const found = findingsIn('Sample token')

/** Checks the token. Says nothing of what is in it beyond who issued it, for whom, and which claims it has. */
export function checkToken(token: string, context: TokenContext): CheckedToken {
  const parsed = token.length > MAX_LENGTH ? undefined : parseToken(token)
  if (parsed === undefined) return { findings: [formFinding(token, context.issuer)], usable: undefined }
  const { header, claims } = parsed
  const cognito = vendorOf(context.issuer).name === 'cognito'
  const times = timeFindings(claims, context.nowEpochSeconds)
  const signature = signatureFinding(parsed, context)
  const issuer = issuerFinding(claims, context.issuer)
  const findings = [
    ...headerFindings(header),
    kindFinding(parsed, context),
    signature,
    issuer,
    ...(cognito ? cognitoAudienceFindings(claims, context) : audienceFindings(claims, context)),
    ...times,
    subjectFinding(claims),
    ...principalFindings(claims, context.issuer),
  ]
  const isGenuine = [signature, issuer, ...times].every(({ level }) => level !== 'change')
  return { findings, usable: isGenuine ? claims : undefined }
}

const OPAQUE_TODO: Partial<Readonly<Record<VendorName, string>>> = {
  auth0:
    'Set auth.appAuth.thirdPartyConfig.flyteClient.audience to the identifier of an API: without an audience Auth0 gives opaque tokens.',
  google:
    'Google gives nothing else: set auth.appAuth.authServerType to Self, so that this deployment issues the tokens.',
  'okta-org': 'Use a custom authorization server, or set auth.appAuth.authServerType to Self.',
}

function formFinding(token: string, issuer: string): Finding {
  if (token === '')
    return found('form', 'change', 'There is no token in what was given.', 'Give an access token.')
  if (token.length > MAX_LENGTH) {
    return found(
      'form',
      'change',
      `The token has ${token.length} characters; more than ${MAX_LENGTH} are not looked at.`,
      'Put less into it: group claims are the usual reason.',
    )
  }
  const todo = OPAQUE_TODO[vendorOf(issuer).name] ?? 'Let the provider issue access tokens in JWT form.'
  return found(
    'form',
    'change',
    'The token is opaque (no signed JWT): nobody but its issuer can verify it.',
    todo,
  )
}

function headerFindings(header: JsonObject): Finding[] {
  const refused = REFUSED_HEADERS.filter((name) => Object.hasOwn(header, name))
  return refused.map((name) =>
    found(
      'header',
      'change',
      `Its header has ${name}, with which a token would bring its own key or change what is signed.`,
      'Let the provider leave it out.',
    ),
  )
}

function kindFinding({ header, claims }: SampleToken, { acceptsIdTokens }: TokenContext): Finding {
  const kind = kindOf(header, claims)
  if (kind === 'access')
    return found('kind', 'ok', `It can be an access token (typ: ${shown(header.typ ?? 'none')}).`)
  if (kind === 'other') {
    return found(
      'kind',
      'change',
      'It is no access token: its type, or what it is bound to, says so.',
      'Send the access_token of the answer of the token endpoint.',
    )
  }
  return acceptsIdTokens
    ? found('kind', 'ok', 'It has the form of an ID token, and those are accepted (acceptIdTokens).')
    : found(
        'kind',
        'change',
        'It is an ID token: it says who signed in, and is no permission to call anything.',
        'Send the access_token of the answer of the token endpoint. If this is it, as with Dex, set auth.appAuth.externalAuthServer.acceptIdTokens to true.',
      )
}

const SIGNATURES: Readonly<Record<Exclude<SignatureCheck, 'valid'>, [sentence: string, todo: string]>> = {
  invalid: [
    'Its signature does not hold.',
    'Give the token as it was received. A token of Entra with a nonce in its header is for Microsoft Graph and nobody else.',
  ],
  algorithm_refused: [
    'It is signed with an algorithm that is not accepted (none, or one with a shared secret).',
    'Let the provider sign access tokens with RS256.',
  ],
  key_unknown: [
    'The key that its header names is not in the key set.',
    'Check that the token is of this issuer, and that the provider publishes the key it signs with.',
  ],
}

function signatureFinding(token: SampleToken, { keys }: TokenContext): Finding {
  const result = checkSignature(token, keys)
  const { alg } = token.header
  if (result !== 'valid') return found('signature', 'change', ...SIGNATURES[result])
  if (alg === 'RS256') return found('signature', 'ok', 'Its signature holds (RS256).')
  return found(
    'signature',
    'advice',
    `Its signature holds, with ${shown(alg)}, which the load balancer does not verify.`,
    `Set auth.appAuth.externalAuthServer.algorithms to [${shown(alg)}] and ingress.jwtValidation to false.`,
  )
}

function issuerFinding({ iss }: JsonObject, issuer: string): Finding {
  if (iss === issuer) return found('token-issuer', 'ok', 'It names this issuer, character by character.')
  const isVersion1 = typeof iss === 'string' && iss.startsWith('https://sts.windows.net/')
  return found(
    'token-issuer',
    'change',
    `It names another issuer: ${shown(iss)}.`,
    isVersion1
      ? 'Set requestedAccessTokenVersion to 2 in the manifest of the API registration: this is a version 1 token.'
      : `Check with that issuer, or set auth.appAuth.externalAuthServer.issuer to it.`,
  )
}

function audienceFindings({ aud }: JsonObject, { audiences }: TokenContext): Finding[] {
  const isList = Array.isArray(aud)
  const named = (isList ? aud : [aud]).filter((one): one is string => typeof one === 'string')
  if (named.length === 0) {
    return [
      found(
        'audience',
        'change',
        'It names no audience (aud): it could be for anybody.',
        "Add an audience at the provider: the deployment's URL, or what allowedAudience lists.",
      ),
    ]
  }
  const list = named.map(shown).join(', ')
  const format = isList
    ? [
        found(
          'audience-format',
          'advice',
          'Its audience is a list.',
          'Set ingress.jwtAudienceFormat to string-array.',
        ),
      ]
    : []
  if (audiences.length === 0) {
    return [
      found('audience', 'note', `It is for ${list}: one of these has to be in allowedAudience.`),
      ...format,
    ]
  }
  if (named.some((one) => audiences.includes(one))) {
    return [found('audience', 'ok', `It is for this deployment (${list}).`), ...format]
  }
  return [
    found(
      'audience',
      'change',
      `It is for ${list}, not for ${audiences.map(shown).join(' or ')}.`,
      'Ask for a token for this deployment, or put its audience into auth.appAuth.externalAuthServer.allowedAudience if it means this deployment.',
    ),
    ...format,
  ]
}

/** Access tokens of Cognito name the client in place of an audience. */
function cognitoAudienceFindings({ client_id: client }: JsonObject, { audiences }: TokenContext): Finding[] {
  const sentence = `It was given to the client ${shown(client)}, which is what counts: tokens of Cognito have no audience.`
  const isOurs = audiences.length === 0 || audiences.some((one) => one === client)
  return [
    isOurs
      ? found('audience', 'ok', sentence)
      : found(
          'audience',
          'change',
          sentence,
          'Put that client id into auth.appAuth.externalAuthServer.allowedAudience.',
        ),
  ]
}

function timeFindings({ exp, nbf, iat }: JsonObject, now: number): Finding[] {
  if (typeof exp !== 'number') {
    return [found('expiry', 'change', 'It never expires (no exp).', 'Let the provider give tokens an end.')]
  }
  if (exp <= now) return [found('expiry', 'change', 'It has expired.', 'Give a new one.')]
  const starts = [nbf, iat].filter((one) => typeof one === 'number')
  if (starts.some((start) => start > now + LEEWAY_SECONDS)) {
    return [
      found(
        'expiry',
        'change',
        'It is not valid yet: it starts in the future.',
        "Set the clocks, the provider's and this machine's.",
      ),
    ]
  }
  const minutes = Math.round((exp - now) / 60)
  const lifetimeSeconds = typeof iat === 'number' ? exp - iat : exp - now
  return lifetimeSeconds > LONG_LIFETIME_SECONDS
    ? [
        found(
          'expiry',
          'advice',
          `It is valid for ${Math.round(lifetimeSeconds / 3600)} hours.`,
          'Shorten it to an hour or less: an access token cannot be taken back.',
        ),
      ]
    : [found('expiry', 'ok', `It is valid for another ${minutes} minutes.`)]
}

function subjectFinding({ sub }: JsonObject): Finding {
  return typeof sub === 'string' && sub.trim() !== ''
    ? found('subject', 'ok', 'It has a subject.')
    : found(
        'subject',
        'change',
        'It names nobody (no sub).',
        'Let the provider put a subject into access tokens.',
      )
}

const PROFILE_CLAIMS = ['email', 'given_name', 'family_name', 'name', 'preferred_username']

function principalFindings(claims: JsonObject, issuer: string): Finding[] {
  const client = clientOf(claims)
  const by = client === undefined ? 'it names no client' : `its client is ${shown(client)}`
  if (isApplication(claims, issuer)) {
    return [found('principal', 'note', `Runs made with it are recorded as an application's; ${by}.`)]
  }
  const present = PROFILE_CLAIMS.filter((name) => typeof claims[name] === 'string')
  return [
    found('principal', 'note', `Runs made with it are recorded as a person's; ${by}.`),
    found(
      'profile',
      'note',
      present.length === 0
        ? 'It says nothing about the person; userinfo is asked for that.'
        : `It has ${present.join(', ')}; what is missing of e-mail, given name and family name, userinfo is asked for.`,
    ),
  ]
}
