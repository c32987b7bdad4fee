/** The steps of the flows, one request each, with every parameter open to a test. */
import { createHash } from 'node:crypto'
import type { AlbAnswer } from '../../../support/alb-event.ts'
import type { Browser } from './browser.ts'
import { REDIRECT_URI, type TestServer } from './server.ts'

export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

export type Parameters = Readonly<Record<string, string | undefined>>

const present = (parameters: Parameters) =>
  Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined)

/** The address of a sign-in to flytectl, with these changes; undefined leaves a parameter out. */
export function authorizePath(changes: Parameters = {}): string {
  const parameters = {
    client_id: 'flytectl',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'all offline',
    state: 'the-state',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  }
  return `/oauth2/authorize?${new URLSearchParams(present(parameters))}`
}

/** Signs in and gives the code. */
export async function codeFor(browser: Browser, changes: Parameters = {}): Promise<string> {
  const { leftTo, answer } = await browser.follow(authorizePath(changes))
  const code = leftTo?.searchParams.get('code')
  if (code === null || code === undefined) throw new Error(`no code: ${answer.status} ${leftTo?.search}`)
  return code
}

/** Posts a form to an endpoint. */
export function postForm(
  server: TestServer,
  path: string,
  form: Parameters,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<AlbAnswer> {
  return server.call({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(present(form)).toString(),
  })
}

/** Redeems a code of flytectl, with these changes. */
export function redeem(server: TestServer, code: string, changes: Parameters = {}): Promise<AlbAnswer> {
  return postForm(server, '/oauth2/token', {
    grant_type: 'authorization_code',
    client_id: 'flytectl',
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: VERIFIER,
    ...changes,
  })
}

/** Redeems a refresh token of flytectl, with these changes. */
export function refresh(server: TestServer, token: string, changes: Parameters = {}): Promise<AlbAnswer> {
  return postForm(server, '/oauth2/token', {
    grant_type: 'refresh_token',
    client_id: 'flytectl',
    refresh_token: token,
    ...changes,
  })
}

export const basic = (id: string, secret: string) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly scope: string
  readonly expires_in: number
}

export const tokensOf = (answer: AlbAnswer) => answer.json() as Tokens

/** Status and error of an answer: what a test compares. */
export function refusalOf(answer: AlbAnswer): { status: number; error: unknown } {
  return { status: answer.status, error: (answer.json() as { error?: unknown }).error }
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

/** The header of a token, unverified. */
export function headerOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'))
}
