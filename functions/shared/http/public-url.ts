/**
 * The public URL of this deployment, only ever out of `authorizedUris`.
 *
 * A caller's Host header merely chooses among the configured URLs; one that is not configured changes nothing,
 * so it can neither poison an advertised endpoint nor an expected audience.
 */
import type { HttpRequest } from './message.ts'
import { requestHost } from './message.ts'

interface AuthorizedUri {
  readonly origin: string
  readonly protocol: string
  /** The host as clients send it: without a port, or with the protocol's own. Empty for a wildcard. */
  readonly hosts: readonly string[]
  readonly wildcardSuffix: string | undefined
}

const PLAIN_HOST = /^[a-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-f:]+\](:\d{1,5})?$/

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/** Chooses the public URL for a request; built once from the settings. */
export type PublicUrlResolver = (request: Pick<HttpRequest, 'headers'>) => string

/**
 * Makes the resolver: the authorizedUri whose host is the request's (exactly, or one level below a `*.` host),
 * else the first one. The answer has no trailing slash.
 *
 * @param authorizedUris At least one; the first without a wildcard, as the configuration guarantees.
 */
export function createPublicUrlResolver(authorizedUris: readonly string[]): PublicUrlResolver {
  const uris = authorizedUris.map(parseAuthorizedUri)
  const canonical = uris[0]?.origin
  if (canonical === undefined) throw new TypeError('at least one authorizedUri is needed')
  return (request) => {
    const host = requestHost(request.headers)
    if (host === undefined || !PLAIN_HOST.test(host)) return canonical
    const exact = uris.find((uri) => uri.hosts.includes(host))
    if (exact) return exact.origin
    const wildcard = uris.find((uri) => matchesWildcard(uri, host))
    return wildcard ? `${wildcard.protocol}//${host}` : canonical
  }
}

function parseAuthorizedUri(uri: string): AuthorizedUri {
  const url = new URL(uri.replace('://*.', '://wildcard.'))
  const isWildcard = uri.includes('://*.')
  return {
    origin: `${url.protocol}//${url.host}`,
    protocol: url.protocol,
    hosts: isWildcard ? [] : hostsOf(url),
    wildcardSuffix: isWildcard ? url.host.slice('wildcard'.length) : undefined,
  }
}

function hostsOf({ host, port, protocol }: URL): string[] {
  return port === '' ? [host, `${host}:${DEFAULT_PORTS[protocol]}`] : [host]
}

function matchesWildcard(uri: AuthorizedUri, host: string): boolean {
  if (uri.wildcardSuffix === undefined || !host.endsWith(uri.wildcardSuffix)) return false
  const label = host.slice(0, -uri.wildcardSuffix.length)
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label)
}
