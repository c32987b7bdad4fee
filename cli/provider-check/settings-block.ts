/** The part of `flyte.yaml` that follows from a provider's documents. */
import type { CheckArguments } from './arguments.ts'
import { listOf } from './discover.ts'
import { quoted } from './finding.ts'
import { isSecureUrl, type JsonObject } from './read-json.ts'
import { type VendorName, vendorOf } from './vendor.ts'

/** Whose access tokens nobody else can verify: then this deployment issues its own. */
const NEEDS_OWN_TOKENS: readonly VendorName[] = ['google', 'okta-org', 'identity-platform']

/** The settings as a document. What was not given has a placeholder in angle brackets. */
export function settingsOf(metadata: JsonObject, issuer: string, options: CheckArguments) {
  const { clientId, cliClientId, publicUrl, audiences, acceptsIdTokens } = options
  const vendor = vendorOf(issuer).name
  const endpoint = (name: string) => (isSecureUrl(metadata[name]) ? metadata[name] : `<${name}>`)
  const givesOwnTokens = NEEDS_OWN_TOKENS.includes(vendor)
  const isOwnAudience = audiences.length === 0 || (audiences.length === 1 && audiences[0] === publicUrl)
  return {
    auth: {
      authorizedUris: [publicUrl ?? 'https://<host>'],
      userAuth: {
        openId: {
          baseUrl: issuer,
          clientId: clientId ?? '<client id for browsers>',
          scopes: scopesOf(metadata),
          authorizationEndpoint: endpoint('authorization_endpoint'),
          tokenEndpoint: endpoint('token_endpoint'),
          userInfoEndpoint: endpoint('userinfo_endpoint'),
        },
      },
      appAuth: givesOwnTokens
        ? { authServerType: 'Self' }
        : {
            externalAuthServer: {
              jwksUri: endpoint('jwks_uri'),
              ...(isOwnAudience ? {} : { allowedAudience: audiences }),
              ...(acceptsIdTokens ? { acceptIdTokens: true } : {}),
            },
            thirdPartyConfig: {
              flyteClient: {
                clientId: cliClientId ?? '<client id of the SDK>',
                redirectUri: 'http://localhost:53593/callback',
                scopes: clientScopesOf(metadata, vendor),
                ...(vendor === 'auth0' ? { audience: audiences[0] ?? publicUrl ?? 'https://<host>' } : {}),
              },
            },
          },
    },
  }
}

function scopesOf(metadata: JsonObject): string[] {
  const offered = listOf(metadata, 'scopes_supported')
  return ['openid', 'profile', 'email'].filter(
    (scope) => scope === 'openid' || offered === undefined || offered.includes(scope),
  )
}

function clientScopesOf(metadata: JsonObject, vendor: VendorName): string[] {
  const givesUnasked = vendor === 'cognito'
  const offered = listOf(metadata, 'scopes_supported')
  const isOffered = offered === undefined || offered.includes('offline_access')
  return [...scopesOf(metadata), ...(isOffered && !givesUnasked ? ['offline_access'] : [])]
}

/** Text that YAML takes as it is; anything else is quoted. */
const PLAIN = /^[A-Za-z][\w./~-]*(?:[:@+][\w./~-]+)*$/

/** A document of mappings, lists of texts, texts and flags, as YAML. */
export function toYaml(value: unknown, indent = ''): string {
  return Object.entries(value as Record<string, unknown>)
    .map(([key, entry]) => {
      if (typeof entry === 'string') return `${indent}${key}: ${scalar(entry)}\n`
      if (typeof entry === 'boolean') return `${indent}${key}: ${entry}\n`
      if (Array.isArray(entry)) return `${indent}${key}: [${entry.map(scalar).join(', ')}]\n`
      return `${indent}${key}:\n${toYaml(entry, `${indent}  `)}`
    })
    .join('')
}

function scalar(text: string): string {
  return PLAIN.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text) ? text : quoted(text)
}
