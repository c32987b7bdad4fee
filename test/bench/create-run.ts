/**
 * CreateRun from event to result, with a store that keeps nothing, against the least that any implementation has to
 * do: verify one signature with `node:crypto`, decode the request and encode it again.
 *
 * Prints JSON to the file named by the first argument; what the function logs goes to standard output, as in Lambda.
 */
import { type KeyObject, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { CreateRunRequestSchema } from '@flyteorg/flyteidl2/flyteidl2/workflow/run_service_pb.ts'
import { createRunsApp } from '../../functions/runs/app.ts'
import { createIdentity } from '../../functions/shared/identity/identity.ts'
import { type AlbHandler, createLambdaHandler } from '../../functions/shared/lambda.ts'
import { createTelemetry } from '../../functions/shared/telemetry.ts'
import {
  albData,
  bearerToken,
  ecPublicKey,
  ecPublicKeyPem,
  ISSUER,
  issuerDocumentOf,
  jwks,
  rsaPublicKey,
  userinfo,
} from './credentials.ts'
import { median, quantile } from './figures.ts'
import { nullRunsDeps } from './null-stores.ts'
import { CREATE_RUN_PATH, createRunBytes, rpcEvent } from './requests.ts'
import { benchSettings } from './settings.ts'

const ROUNDS = 60
const CALLS_A_ROUND = 100
const WARM_UP_CALLS = 3_000

type Credential = 'oidc' | 'bearer'

function answerOf(url: string): Buffer {
  if (url.startsWith('https://public-keys.')) return Buffer.from(ecPublicKeyPem)
  if (url.endsWith('/jwks')) return Buffer.from(JSON.stringify(jwks))
  if (url.endsWith('/userinfo')) return Buffer.from(JSON.stringify(userinfo))
  return Buffer.from(JSON.stringify(issuerDocumentOf(ISSUER)))
}

function createHandler(): AlbHandler {
  const settings = benchSettings()
  const now = () => Date.now()
  const { gate, enrich } = createIdentity({
    settings,
    now,
    claimsStore: null,
    fetch: async (url) => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: answerOf(String(url)),
    }),
  })
  const app = createRunsApp({ ...nullRunsDeps(), gate, enrich, now })
  return createLambdaHandler({ app, telemetry: createTelemetry(), tracing: false })
}

/** One signature, one decoding, one encoding. */
function floorOf(credential: Credential): () => void {
  const token = credential === 'oidc' ? albData : bearerToken
  const [header = '', payload = '', signature = ''] = token.split('.')
  const input = Buffer.from(`${header}.${payload}`)
  const bytes = Buffer.from(signature, 'base64url')
  const key: KeyObject | { key: KeyObject; dsaEncoding: 'ieee-p1363' } =
    credential === 'oidc' ? { key: ecPublicKey, dsaEncoding: 'ieee-p1363' } : rsaPublicKey
  return () => {
    if (!verify('sha256', input, key, bytes)) throw new Error('the floor does not verify')
    toBinary(CreateRunRequestSchema, fromBinary(CreateRunRequestSchema, createRunBytes))
  }
}

let requests = 0

async function callOnce(handler: AlbHandler, credential: Credential): Promise<number> {
  requests += 1
  const requestId = `00000000-0000-4000-8000-${String(requests).padStart(12, '0')}`
  const event = rpcEvent({ path: CREATE_RUN_PATH, body: createRunBytes, credential, requestId })
  const startedMs = performance.now()
  const result = await handler(event, { awsRequestId: requestId } as Parameters<AlbHandler>[1])
  const tookUs = (performance.now() - startedMs) * 1000
  if (result.statusCode !== 200) throw new Error(`CreateRun answered ${result.statusCode}`)
  return tookUs
}

function floorOnce(floor: () => void): number {
  const startedMs = performance.now()
  floor()
  return (performance.now() - startedMs) * 1000
}

/**
 * Takes turns between the calls and their floor, in rounds of some hundredths of a second, and compares the two
 * within each round: what else the machine does then weighs on both.
 */
async function measure(handler: AlbHandler, credential: Credential) {
  const floor = floorOf(credential)
  for (let call = 0; call < WARM_UP_CALLS; call += 1) await callOnce(handler, credential)
  for (let call = 0; call < WARM_UP_CALLS; call += 1) floor()
  const callsUs: number[] = []
  const floorsUs: number[] = []
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const calls: number[] = []
    const floors: number[] = []
    for (let call = 0; call < CALLS_A_ROUND; call += 1) calls.push(await callOnce(handler, credential))
    for (let call = 0; call < CALLS_A_ROUND; call += 1) floors.push(floorOnce(floor))
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

const handler = createHandler()
const result = { oidc: await measure(handler, 'oidc'), bearer: await measure(handler, 'bearer') }
writeFileSync(process.argv[2] as string, JSON.stringify(result))
