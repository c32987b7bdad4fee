/** A server that stands for all of a provider's: its documents, its keys and its userinfo, at addresses of its own. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fetchDocument } from '../../../functions/shared/http/fetch-document.ts'
import type { DocumentFetcher } from '../../../functions/shared/tokens/remote-document.ts'
import { newIssuerKey, signToken } from '../test-issuer.ts'
import { type Claims, NOW_SECONDS, type ProviderFixture, type TokenFixture } from './types.ts'

export interface StandIn {
  /** As the functions fetch: every address of the provider leads here. */
  readonly fetch: DocumentFetcher
  /** The token, signed with the provider's key and valid for an hour. */
  readonly sign: (token: TokenFixture) => Promise<string>
  readonly jwks: { readonly keys: readonly Claims[] }
  readonly close: () => Promise<void>
}

/** Starts it on a free port. */
export async function startStandIn(provider: ProviderFixture): Promise<StandIn> {
  const key = await newIssuerKey('RS256')
  const jwks = { keys: [key.publicJwk as Claims] }
  const userinfos = new Map<string, Claims>()
  const discovery = `${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const documents = new Map<unknown, unknown>([
    [discovery, provider.metadata],
    [provider.metadata.jwks_uri, jwks],
  ])
  const server = createServer((request, response) => {
    const url = decodeURIComponent((request.url ?? '').slice(1))
    const isUserinfo = url === provider.metadata.userinfo_endpoint
    const document = isUserinfo ? userinfos.get(request.headers.authorization ?? '') : documents.get(url)
    const status = document !== undefined ? 200 : isUserinfo ? 401 : 404
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    jwks,
    fetch: (url, options) => fetchDocument(`http://127.0.0.1:${port}/${encodeURIComponent(url)}`, options),
    async sign({ header, claims, userinfo }) {
      const present = JSON.parse(JSON.stringify(claims)) as Claims
      const times = { iat: NOW_SECONDS, exp: NOW_SECONDS + 3600 }
      const token = await signToken({ ...present, ...times }, { key, header: { typ: undefined, ...header } })
      if (userinfo !== undefined) userinfos.set(`Bearer ${token}`, userinfo)
      return token
    },
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
