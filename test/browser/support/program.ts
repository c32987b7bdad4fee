/** A command line that signs somebody in: it listens on a loopback port of its own for the answer (RFC 8252). */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as oauth from 'openid-client'
import type { Stack } from '../../../local/stack.ts'

export interface Program {
  readonly configuration: oauth.Configuration
  /** Begins a sign-in, with these parameters beside the usual ones. @returns where to send the browser. */
  readonly begin: (changes?: Readonly<Record<string, string>>) => Promise<string>
  /** The answer, once the browser has brought it; rejects as the client library does. */
  readonly tokens: () => Promise<oauth.TokenEndpointResponse>
  /** What the browser brought, as it was. */
  readonly answer: () => Promise<URL>
  readonly close: () => Promise<void>
}

/** Starts one. */
export async function startProgram(stack: Stack, clientId: string): Promise<Program> {
  const configuration = await oauth.discovery(new URL(stack.url), clientId, undefined, oauth.None(), {
    algorithm: 'oauth2',
    execute: [oauth.allowInsecureRequests],
  })
  let arrived: (url: URL) => void = () => undefined
  let answer = new Promise<URL>((resolve) => {
    arrived = resolve
  })
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>You can close this page</h1>')
    if (request.url?.startsWith('/callback')) arrived(new URL(request.url, redirectUri))
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const redirectUri = `http://localhost:${(server.address() as AddressInfo).port}/callback`
  let checks: { pkceCodeVerifier: string; expectedState: string }

  return {
    configuration,
    answer: () => answer,
    async begin(changes = {}) {
      checks = { pkceCodeVerifier: oauth.randomPKCECodeVerifier(), expectedState: oauth.randomState() }
      answer = new Promise((resolve) => {
        arrived = resolve
      })
      const url = oauth.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'all offline',
        state: checks.expectedState,
        code_challenge: await oauth.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
        code_challenge_method: 'S256',
        ...changes,
      })
      return url.href
    },
    tokens: async () => oauth.authorizationCodeGrant(configuration, await answer, checks),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
