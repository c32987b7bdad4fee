/**
 * The identity provider of the local stack: oidc-provider with two people, three clients and a plain
 * sign-in page. It is somebody else's implementation of the protocols that this project speaks, which is
 * what makes it worth testing against.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import Provider from 'oidc-provider'
import { closeServer, listen } from '../listening.ts'
import { localFetch } from './back-channel.ts'
import type { WebClient } from './clients.ts'
import { type ProviderOptions, providerConfiguration } from './configuration.ts'
import { furtherPaths, interactions } from './interactions.ts'
import { makeSigningKey, type ProviderKeys, providerKeys, publicHalf } from './keys.ts'
import { createMemoryAdapter } from './memory-adapter.ts'
import { userinfoForApiTokens } from './userinfo.ts'

export interface IdentityProviderOptions {
  /** The port to listen on; the issuer is `http://localhost:<port>`. 0 takes a free one. */
  readonly port: number
  /** The public URL of the deployment: the audience of access tokens for it. */
  readonly publicUrl: string
  readonly webClient: WebClient
  /** Where the keys are kept between starts; null keeps them in memory. */
  readonly keysFile: string | null
  /** How long an access token is valid, in seconds. Default: an hour. */
  readonly accessTokenSeconds?: number | undefined
  /** How long an ID token is valid, in seconds. Default: an hour. */
  readonly idTokenSeconds?: number | undefined
  /** The authority, PEM, that a deployment on https has its certificate from. */
  readonly trustedCertificate?: string | undefined
}

export interface IdentityProvider {
  readonly issuer: string
  readonly port: number
  /** Answers a request that arrived elsewhere, such as on an https name that stands for this provider. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Signs with a new key from now on; the old ones stay in the key set. Sessions and grants stay. */
  rotateKeys(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts the provider.
 *
 * @throws {ListenError} if the port is taken.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  let handler: ((request: IncomingMessage, response: ServerResponse) => unknown) | undefined
  const server = createServer((request, response) => handler?.(request, response))
  const port = await listen(server, { port: options.port })
  const issuer = `http://localhost:${port}`
  const adapter = createMemoryAdapter()
  let keys = await providerKeys(options.keysFile)
  const useKeys = (next: ProviderKeys) => {
    keys = next
    handler = createProvider({
      issuer,
      adapter,
      keys,
      publicUrl: options.publicUrl,
      webClient: options.webClient,
      accessTokenSeconds: options.accessTokenSeconds,
      idTokenSeconds: options.idTokenSeconds,
      fetch: localFetch(options.trustedCertificate),
    })
  }
  useKeys(keys)
  return {
    issuer,
    port,
    handle: (request, response) => {
      handler?.(request, response)
    },
    async rotateKeys() {
      const jwks = { keys: [await makeSigningKey(), ...keys.jwks.keys] }
      useKeys({ ...keys, jwks })
    },
    close: () => closeServer(server),
  }
}

function createProvider(options: ProviderOptions) {
  const provider = new Provider(options.issuer, providerConfiguration(options))
  provider.use(furtherPaths)
  provider.use(
    userinfoForApiTokens({
      issuer: options.issuer,
      publicUrl: options.publicUrl,
      jwks: publicHalf(options.keys.jwks),
    }),
  )
  provider.use(interactions(provider))
  return provider.callback()
}
