/**
 * Tokens from event to result, with a store that keeps nothing, against the least that any implementation has to do:
 * one RS256 signature with `node:crypto`.
 *
 * Prints JSON to the file named by the first argument; what the function logs goes to standard output, as in Lambda.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { hashSync } from 'bcryptjs'
import { createAuthorizationServerApp } from '../../functions/authorization-server/app.ts'
import { DEFAULT_CLIENTS, DEFAULT_LIFETIMES } from '../../functions/authorization-server/settings.ts'
import { type AlbHandler, createLambdaHandler } from '../../functions/shared/lambda.ts'
import { systemRandomBytes } from '../../functions/shared/random.ts'
import { routesFor } from '../../functions/shared/routes.ts'
import type { GrantStore, StoredGrant } from '../../functions/shared/stores/grant-store.ts'
import { createTelemetry } from '../../functions/shared/telemetry.ts'
import { CURRENT_KEY, createKeyDocumentSource } from '../../functions/shared/tokens/key-document.ts'
import { AUDIENCE, userinfo } from './credentials.ts'
import { median, quantile } from './figures.ts'
import { browserEvent, formEvent } from './requests.ts'

const ROUNDS = 40
const CALLS_A_ROUND = 50
const WARM_UP_CALLS = 1_000

const SECRET = 'the secret of flytepropeller'
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const REDIRECT_URI = 'http://localhost:53593/callback'

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString()
const privateKey: KeyObject = createPrivateKey(pem)
const now = () => Date.now()

/** What one sign-in left behind; from then on nothing is written, and everything is found as it was. */
const records = new Map<string, StoredGrant>()
let isKeeping = true

const store: GrantStore = {
  get: async (kind, key) => records.get(kind + key),
  put: async (kind, key, record) => {
    if (isKeeping) records.set(kind + key, { ...record, consumedAtEpochSeconds: undefined })
  },
  create: async () => true,
  consume: async () => true,
  release: async () => {},
  decide: async () => true,
  delete: async () => {},
  count: async () => 1,
}

function createHandler(): AlbHandler {
  const secrets: Readonly<Record<string, string>> = {
    keys: JSON.stringify({ [CURRENT_KEY]: pem }),
    clients: JSON.stringify({ flytepropeller: hashSync(SECRET, 4) }),
  }
  const readSecret = async (name: string) => secrets[name] ?? ''
  const person = {
    issuer: AUDIENCE,
    subject: userinfo.sub,
    profile: { name: userinfo.name, email: userinfo.email },
  }
  const app = createAuthorizationServerApp({
    routes: routesFor({ authServerType: 'Self', browserAuth: 'service' }),
    settings: {
      issuer: AUDIENCE,
      publicUrl: AUDIENCE,
      audiences: [AUDIENCE],
      ...DEFAULT_LIFETIMES,
      clients: DEFAULT_CLIENTS,
    },
    store,
    keys: createKeyDocumentSource({ readSecret, secretName: 'keys', now }),
    session: {
      signInUrl: (returnTo) => returnTo,
      read: async () => ({ person: { ...person, authTimeEpochSeconds: undefined }, setCookies: [] }),
    },
    readSecret,
    clientSecretsName: 'clients',
    random: systemRandomBytes,
    now,
  })
  return createLambdaHandler({ app, telemetry: createTelemetry(), tracing: false })
}

const handler = createHandler()
let requests = 0

async function send(event: Parameters<AlbHandler>[0], status: number) {
  requests += 1
  const result = await handler(event, { awsRequestId: String(requests) } as Parameters<AlbHandler>[1])
  if (result.statusCode !== status) throw new Error(`answered ${result.statusCode}: ${result.body}`)
  return result
}

function pageEvent(path: string, query: string, cookie: readonly string[] = []) {
  const pairs = query.split('&').map((pair) => pair.split('='))
  const parameters = Object.fromEntries(pairs.map(([name, value = '']) => [name, [value]]))
  return { ...browserEvent(path, 'bench', cookie), multiValueQueryStringParameters: parameters }
}

/** Signs in with a code, as the command line does, and gives its refresh token. */
async function refreshToken(): Promise<string> {
  const query = new URLSearchParams({
    client_id: 'flytectl',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'all offline',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  })
  const begun = await send(pageEvent('/oauth2/authorize', query.toString()), 303)
  const [cookie = ''] = String(begun.multiValueHeaders?.['set-cookie']?.[0]).split(';', 1)
  const [path = '', interaction = ''] = String(begun.multiValueHeaders?.location?.[0]).split('?')
  const ended = await send(pageEvent(path, interaction, [cookie]), 303)
  const code = new URL(String(ended.multiValueHeaders?.location?.[0])).searchParams.get('code') ?? ''
  const form = { client_id: 'flytectl', redirect_uri: REDIRECT_URI, code, code_verifier: VERIFIER }
  const redeemed = await send(formEvent('/oauth2/token', { grant_type: 'authorization_code', ...form }), 200)
  return String((JSON.parse(String(redeemed.body)) as { refresh_token?: unknown }).refresh_token)
}

function signOnce(): number {
  const input = Buffer.alloc(600, 'x')
  const startedMs = performance.now()
  sign('sha256', input, privateKey)
  return (performance.now() - startedMs) * 1000
}

/** Takes turns between the calls and their floor, and compares the two within each round. */
async function measure(event: Parameters<AlbHandler>[0]) {
  const callOnce = async () => {
    const startedMs = performance.now()
    await send(event, 200)
    return (performance.now() - startedMs) * 1000
  }
  for (let call = 0; call < WARM_UP_CALLS; call += 1) await callOnce()
  for (let call = 0; call < CALLS_A_ROUND; call += 1) signOnce()
  const callsUs: number[] = []
  const floorsUs: number[] = []
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const calls: number[] = []
    const floors: number[] = []
    for (let call = 0; call < CALLS_A_ROUND; call += 1) calls.push(await callOnce())
    for (let call = 0; call < CALLS_A_ROUND; call += 1) floors.push(signOnce())
    ratios.push(median(calls) / median(floors))
    callsUs.push(...calls)
    floorsUs.push(...floors)
  }
  return {
    p50Us: median(callsUs),
    p99Us: quantile(callsUs, 0.99),
    floorP50Us: median(floorsUs),
    ratio: median(ratios),
  }
}

const token = await refreshToken()
isKeeping = false
const refresh = { grant_type: 'refresh_token', client_id: 'flytectl', refresh_token: token }
const authorization = `Basic ${Buffer.from(`flytepropeller:${encodeURIComponent(SECRET)}`).toString('base64')}`
const service = formEvent('/oauth2/token', { grant_type: 'client_credentials' }, { authorization })
const result = {
  clientCredentials: await measure(service),
  refresh: await measure(formEvent('/oauth2/token', refresh)),
}
writeFileSync(process.argv[2] as string, JSON.stringify(result))
