/** Which origins are this deployment: the `authorizedUris`, and nothing that merely looks like one. */

/** Whether an address is on one of the origins: scheme, host and port alike, or one level below a `*.` host. */
export type OriginMatcher = (url: URL) => boolean

const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

/** Makes the matcher. Paths of the authorizedUris are not looked at. */
export function createOriginMatcher(authorizedUris: readonly string[]): OriginMatcher {
  const exact = new Set<string>()
  const wildcards: { readonly protocol: string; readonly suffix: string }[] = []
  for (const uri of authorizedUris) {
    const { protocol, host, origin } = new URL(uri.replace('://*.', '://wildcard.'))
    if (uri.includes('://*.')) wildcards.push({ protocol, suffix: host.slice('wildcard'.length) })
    else exact.add(origin)
  }
  return ({ origin, protocol, host }) =>
    exact.has(origin) ||
    wildcards.some(
      (wildcard) =>
        wildcard.protocol === protocol &&
        host.endsWith(wildcard.suffix) &&
        LABEL.test(host.slice(0, -wildcard.suffix.length)),
    )
}
