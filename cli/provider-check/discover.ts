/** The documents in which a provider describes itself: OpenID Connect Discovery 1.0 and RFC 8414. */
import { type Finding, findingsIn, shown, sizeOf } from './finding.ts'
import { failureSentence, isSecureUrl, type JsonObject, type ReadJson, readJson } from './read-json.ts'

/** What was found; without an OpenID document, nothing else can be checked but the keys of the other one. */
export interface Discovered {
  readonly findings: readonly Finding[]
  /** The OpenID document, or else the RFC 8414 document; undefined without either. */
  readonly metadata: JsonObject | undefined
  /** As the provider calls itself. */
  readonly issuer: string
}

type Document = Extract<ReadJson, { kind: 'document' }>

const LIMITS = { timeoutMs: 10_000, maxBytes: 256 * 1024 }
/** What the load balancer takes as issuer, and as address of the keys. */
const MAX_ALB_URL_LENGTH = 256
const found = findingsIn('Discovery')

/** The fields that functions read strictly: one of the wrong type makes them refuse the whole document. */
const STRICT_URLS = [
  'authorization_endpoint',
  'token_endpoint',
  'device_authorization_endpoint',
  'jwks_uri',
  'revocation_endpoint',
  'introspection_endpoint',
  'registration_endpoint',
  'userinfo_endpoint',
  'end_session_endpoint',
] as const
const STRICT_LISTS = [
  'scopes_supported',
  'response_types_supported',
  'response_modes_supported',
  'grant_types_supported',
  'token_endpoint_auth_methods_supported',
  'code_challenge_methods_supported',
] as const

/** Reads both documents of an issuer. */
export async function discover(issuer: string): Promise<Discovered> {
  const base = issuer.replace(/\/$/, '')
  const { origin, pathname } = new URL(base)
  const oauthUrls = [
    `${base}/.well-known/oauth-authorization-server`,
    `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`,
  ]
  const [openId, ...oauth] = await Promise.all(
    [`${base}/.well-known/openid-configuration`, ...new Set(oauthUrls)].map((url) => readJson(url, LIMITS)),
  )
  const document = oauth.find((one): one is Document => one.kind === 'document')
  const metadata = openId?.kind === 'document' ? openId.value : document?.value
  return {
    findings: [
      ...(openId === undefined ? [] : [openIdFinding(openId, issuer)]),
      ...oauthFindings(oauth, document, metadata),
      ...(metadata === undefined ? [] : [...issuerFindings(metadata, issuer), ...typeFindings(metadata)]),
    ],
    metadata,
    issuer: typeof metadata?.issuer === 'string' ? metadata.issuer : issuer,
  }
}

function openIdFinding(document: ReadJson, issuer: string): Finding {
  const name = 'The OpenID Connect document (/.well-known/openid-configuration)'
  if (document.kind === 'document') {
    return found('openid-document', 'ok', `${name} is there, ${sizeOf(document.bytes)}.`)
  }
  const todo =
    document.failure === 'absent'
      ? `Give the issuer as the provider has it; what was asked is ${shown(document.url)}. A provider without this document (GitHub) needs one in front of it that has it (Dex).`
      : `Make ${shown(document.url)} answer with 200 and JSON, from where the functions run: ${shown(new URL(issuer).host)} has to be public.`
  return found('openid-document', 'change', `${name} ${failureSentence(document)}.`, todo)
}

function oauthFindings(
  answers: readonly ReadJson[],
  document: Document | undefined,
  metadata: JsonObject | undefined,
): Finding[] {
  const check = 'oauth-document'
  // Without either, what matters has been said.
  if (metadata === undefined) return []
  if (document === undefined) {
    const broken = answers.find((one) => one.kind === 'failure' && one.failure !== 'absent')
    if (broken?.kind === 'failure' && broken.failure !== 'redirect' && broken.failure !== 'not_json') {
      return [
        found(
          check,
          'advice',
          `The RFC 8414 document (${shown(broken.url)}) ${failureSentence(broken)}.`,
          'Set auth.appAuth.externalAuthServer.metadataUrl to .well-known/openid-configuration, or clients wait for it.',
        ),
      ]
    }
    return [
      found(
        check,
        'note',
        'There is no RFC 8414 document (/.well-known/oauth-authorization-server); the OpenID Connect one is used for both.',
      ),
    ]
  }
  if (document.value.issuer !== metadata.issuer) {
    return [
      found(
        check,
        'change',
        `The RFC 8414 document names another issuer: ${shown(document.value.issuer)}.`,
        'Set auth.appAuth.externalAuthServer.metadataUrl to .well-known/openid-configuration.',
      ),
    ]
  }
  return [found(check, 'ok', `The RFC 8414 document is there, too: ${shown(document.url)}.`)]
}

function issuerFindings(metadata: JsonObject, asked: string): Finding[] {
  const { issuer } = metadata
  if (typeof issuer !== 'string' || issuer === '') {
    return [found('issuer', 'change', 'The document names no issuer.', 'Use another provider, or mend it.')]
  }
  if (issuer.includes('{')) {
    return [
      found(
        'issuer',
        'change',
        `The issuer has a placeholder in it: ${shown(issuer)}.`,
        'Use the address of one tenant, with its id in place of common, organizations or consumers.',
      ),
    ]
  }
  if (issuer !== asked) {
    return [
      found(
        'issuer',
        'change',
        `The provider calls itself ${shown(issuer)}, which is not, character by character, what you gave.`,
        `Set auth.userAuth.openId.issuerUrl to ${shown(issuer)}; if its documents are there, too, baseUrl as well.`,
      ),
    ]
  }
  if (issuer.length > MAX_ALB_URL_LENGTH) {
    return [
      found(
        'issuer',
        'change',
        `The issuer has ${issuer.length} characters, and the load balancer takes ${MAX_ALB_URL_LENGTH}.`,
        'Set ingress.jwtValidation to false: the functions verify every token anyway.',
      ),
    ]
  }
  return [found('issuer', 'ok', `It calls itself as you do: ${shown(issuer)}.`)]
}

/** Types and addresses; that an endpoint is there at all is for who needs it. */
function typeFindings(metadata: JsonObject): Finding[] {
  const badUrls = STRICT_URLS.filter((name) => isSet(metadata[name]) && !isSecureUrl(metadata[name]))
  const badLists = STRICT_LISTS.filter(
    (name) => isSet(metadata[name]) && listOf(metadata, name) === undefined,
  )
  return [...badUrls, ...badLists].map((name) =>
    found(
      'types',
      'change',
      `${name} is not ${badLists.includes(name as never) ? 'a list of texts' : 'an https address'}.`,
      'Mend it at the provider: a document with a field of the wrong kind is refused whole.',
    ),
  )
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** A list of texts in the document; undefined where there is none, or one of something else. */
export function listOf(metadata: JsonObject, name: string): readonly string[] | undefined {
  const value = metadata[name]
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined
}
