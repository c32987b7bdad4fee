/** Where an authorization server's metadata may be found. */

const OAUTH_DOCUMENT = '.well-known/oauth-authorization-server'
const OPENID_DOCUMENT = '.well-known/openid-configuration'

/**
 * The places to look, in order, without repetition.
 *
 * A `metadataUrl` of the operator's own is the only place, resolved below `baseUrl` or absolute. With Flyte's
 * default it is followed by where RFC 8414 section 3.1 has it for an issuer with a path, and by the document
 * of OpenID Connect Discovery.
 */
export function metadataUrls({ baseUrl, metadataUrl }: { baseUrl: string; metadataUrl: string }): string[] {
  const base = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`)
  if (metadataUrl !== OAUTH_DOCUMENT) return [new URL(metadataUrl, base).href]
  const inserted = new URL(`/${OAUTH_DOCUMENT}${base.pathname.replace(/\/$/, '')}`, base)
  const urls = [new URL(OAUTH_DOCUMENT, base), inserted, new URL(OPENID_DOCUMENT, base)]
  return [...new Set(urls.map((url) => url.href))]
}
