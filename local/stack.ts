/**
 * The whole stack on one machine: the synthesized template behind a local load balancer, its functions in
 * processes of their own, and everything they call beside them.
 *
 * ```
 *  client ─► local/alb (the template's rules) ─► local/functions (the bundles, one process each)
 *                │                                   ├─► DynamoDB, S3, Secrets Manager   local/aws
 *                │                                   └─► https names by a proxy          local/outbound
 *                └───────────────► identity provider ◄───┘                               local/identity-provider
 * ```
 *
 * The load balancer's port is opened last: where somebody answers, everything is up.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type AccessLogEntry, type LocalAlb, startLocalAlb } from './alb/index.ts'
import { type CertificateAuthority, certificateAuthority } from './certificates.ts'
import { type Closing, closingList } from './closing.ts'
import { readOrMakeJson, writePrivately } from './data-directory.ts'
import { lockDataDirectory } from './data-lock.ts'
import { type Deployment, functionBehind, readDeployment } from './deployment.ts'
import { createFunctionPool, type FunctionPool } from './functions/pool.ts'
import type { LogLine } from './functions/types.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider/index.ts'
import { LOOPBACK, reservePort } from './listening.ts'
import { type LocalNames, startOutbound } from './outbound.ts'
import { STAND_IN_PORTS, withRealPorts } from './ports.ts'
import {
  discoverProvider,
  localProvider,
  type ProviderDescription,
  type RealProvider,
} from './provider-description.ts'
import { awsVariables, type ServiceEndpoints, startServices } from './services.ts'
import { localSettings, type SettingsOverride } from './settings.ts'
import { LOCAL_DIRECTORY, type LocalSynthesis, synthesizeLocally } from './synthesis.ts'

export interface StackOptions {
  /** The port of the load balancer; the local identity provider takes the one above. 0 takes free ones. */
  readonly port: number
  /** Where everything that outlives a restart is kept; undefined keeps it in memory. */
  readonly dataDirectory?: string | undefined
  /** Serve https, with a certificate of a private authority. */
  readonly tls?: boolean
  /** A real identity provider in place of the local one. */
  readonly provider?: RealProvider | undefined
  /** What of the settings is to be different. */
  readonly settings?: SettingsOverride
  /** Other code for functions, by their names in the route table: folders with an `index.mjs`. For tests. */
  readonly code?: Readonly<Record<string, string>>
  /** Told what is being done, a phrase at a time. */
  readonly onProgress?: (step: string) => void
  /** Receives what the functions write. */
  readonly onLogLine?: LogLine
  /** Receives one entry a request. */
  readonly onRequest?: (entry: AccessLogEntry) => void
}

export interface Stack {
  /** `http://localhost:<port>`, or https. */
  readonly url: string
  readonly port: number
  /** The issuer of ID tokens and access tokens. */
  readonly issuer: string
  /** The local identity provider; undefined where a real one is used. */
  readonly provider: IdentityProvider | undefined
  /** The authority that clients have to trust where the stack serves https. */
  readonly authority: CertificateAuthority
  readonly loadBalancer: LocalAlb
  readonly region: string
  /** Endpoints of the doubles, for AWS SDK clients with the local credentials. */
  readonly endpoints: ServiceEndpoints
  /** The names of the tables and buckets that the template makes. */
  readonly tables: readonly string[]
  readonly buckets: readonly string[]
  /** Stops everything; safe to call twice. */
  close(): Promise<void>
}

/**
 * Starts the stack and answers when it is ready to be called.
 *
 * @throws {ListenError} a port is taken
 * @throws {ProviderError} the real identity provider cannot be used
 * @throws {DataInUseError} another stack uses the data folder
 * @throws {TableShapeError} the data folder was made by another version
 * @throws {SettingsError} {@link lib/settings}, {BundleError} {@link lib/bundling}, {TemplateError}
 *   {@link local/alb}: the stack itself is broken
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const closing = closingList()
  try {
    return await start(options, closing)
  } catch (error) {
    await closing.all()
    throw error
  }
}

async function start(options: StackOptions, closing: Closing): Promise<Stack> {
  const progress = options.onProgress ?? (() => {})
  // Both are held until they are opened, so that a taken port is known before any work is done.
  const reserved = await reservePort(options.port)
  closing.add(reserved.release)
  const reservedForProvider = await reservePort(options.port === 0 || options.provider ? 0 : options.port + 1)
  closing.add(reservedForProvider.release)
  const origin = (port: number) => `${options.tls ? 'https' : 'http'}://localhost:${port}`
  const url = origin(reserved.port)

  if (options.dataDirectory !== undefined) closing.add(await lockDataDirectory(options.dataDirectory))
  const authority = await certificateAuthority(join(LOCAL_DIRECTORY, 'certificates'))
  const described = options.provider && (await discoverProvider(options.provider))
  const synthesis = await synthesizeLocally({
    settings: localSettings({
      publicUrl: origin(STAND_IN_PORTS.stack),
      provider: described ?? localProvider(`http://localhost:${STAND_IN_PORTS.provider}`),
      override: options.settings ?? {},
    }),
    onWork: () => progress('Synthesizing the template and bundling the functions'),
  })
  progress('Starting the identity provider, the database and the object store')
  const ports = { stack: reserved.port, provider: reservedForProvider.port }
  const template = withRealPorts(synthesis.template, ports)
  const deployment = await deploymentOf({ options, synthesis, template })
  await reservedForProvider.release()
  const provider = described ? undefined : await startProvider({ options, url, ports, deployment })
  if (provider) closing.add(provider.close)
  const endpoints = await startServices({ deployment, dataDirectory: options.dataDirectory, closing })

  progress('Starting the functions')
  // The load balancer that signs is opened after the functions that ask for its keys are started.
  const signer: { current?: LocalAlb } = {}
  const names: LocalNames = new Map([[keysHost(synthesis.region), keyEndpoint(signer)]])
  const outbound = await startOutbound({ authority, names })
  closing.add(outbound.close)
  const platform = { ...awsVariables(synthesis.region, endpoints), ...outbound.environment }
  const pools = await startFunctions({ deployment, platform, options, closing })

  await reserved.release()
  const loadBalancer = await startLocalAlb({
    template,
    resolve: deployment.resolver.resolve,
    invoke: async ({ functionRef }, event) => {
      const pool = pools.get(functionBehind(template, functionRef) ?? '')
      return pool === undefined ? { error: 'not-found' } : pool.invoke(event)
    },
    loadBalancerArn: deployment.loadBalancerArn,
    port: reserved.port,
    host: LOOPBACK,
    sealingKey: await sealingKey(options.dataDirectory),
    ...(options.tls ? { tls: await authority.issue(['localhost', LOOPBACK]) } : {}),
    ...(options.onRequest ? { log: options.onRequest } : {}),
  })
  signer.current = loadBalancer
  closing.add(loadBalancer.close)
  return {
    url,
    port: reserved.port,
    issuer: issuerOf(provider, described),
    provider,
    authority,
    loadBalancer,
    region: synthesis.region,
    endpoints,
    tables: deployment.tables.map(({ TableName }) => TableName),
    buckets: deployment.buckets,
    close: closing.all,
  }
}

function issuerOf(
  provider: IdentityProvider | undefined,
  described: ProviderDescription | undefined,
): string {
  return provider?.issuer ?? described?.issuer ?? ''
}

/** The deployment, with the secrets of an earlier start where a data folder keeps them. */
async function deploymentOf(parts: {
  options: StackOptions
  synthesis: LocalSynthesis
  template: LocalSynthesis['template']
}): Promise<Deployment> {
  const { options, synthesis, template } = parts
  const file = options.dataDirectory === undefined ? null : join(options.dataDirectory, 'secrets.json')
  const kept = await readOrMakeJson<Record<string, string>>(file, async () => ({}))
  const secretValues = new Map(Object.entries(kept))
  const deployment = await readDeployment({
    template,
    region: synthesis.region,
    codeDirectories: new Map(
      synthesis.functions.map(({ name, logicalId, codeDirectory }) => [
        logicalId,
        options.code?.[name] ?? codeDirectory,
      ]),
    ),
    secretValues,
    oidcClientSecret: options.provider?.clientSecret,
  })
  if (file !== null) await writePrivately(file, JSON.stringify(Object.fromEntries(secretValues), null, 2))
  return deployment
}

async function startProvider(parts: {
  options: StackOptions
  url: string
  ports: { stack: number; provider: number }
  deployment: Deployment
}): Promise<IdentityProvider> {
  const { options, url, ports, deployment } = parts
  const origins = [url, url.replace('localhost', LOOPBACK)]
  return startIdentityProvider({
    port: ports.provider,
    publicUrl: url,
    loadBalancer: {
      clientId: deployment.signIn?.clientId ?? 'nobody',
      clientSecret: deployment.signIn?.clientSecret ?? randomBytes(32).toString('hex'),
      redirectUris: origins.map((origin) => `${origin}/oauth2/idpresponse`),
    },
    keysFile:
      options.dataDirectory === undefined ? null : join(options.dataDirectory, 'identity-provider.json'),
  })
}

async function startFunctions(parts: {
  deployment: Deployment
  platform: Readonly<Record<string, string>>
  options: StackOptions
  closing: Closing
}): Promise<ReadonlyMap<string, FunctionPool>> {
  const { deployment, platform, options, closing } = parts
  const log = options.onLogLine ?? (() => {})
  const pools = new Map<string, FunctionPool>()
  for (const [logicalId, definition] of deployment.functions) {
    const pool = createFunctionPool({ definition, platform, log })
    pools.set(logicalId, pool)
    closing.add(pool.close)
  }
  await Promise.all([...pools.values()].map((pool) => pool.warm()))
  return pools
}

/** Where AWS publishes the keys that sign `x-amzn-oidc-data`. */
function keysHost(region: string): string {
  return `public-keys.auth.elb.${region}.amazonaws.com`
}

function keyEndpoint(signer: {
  current?: LocalAlb
}): LocalNames extends ReadonlyMap<string, infer Handler> ? Handler : never {
  return (request, response) => {
    const pem = signer.current?.publicKey((request.url ?? '/').slice(1))
    response.writeHead(pem === undefined ? 404 : 200, { 'content-type': 'text/plain' }).end(pem ?? '')
  }
}

/** Seals the session cookies: kept where data is kept, so that a restart signs nobody out. */
async function sealingKey(dataDirectory: string | undefined): Promise<Uint8Array> {
  const file = dataDirectory === undefined ? null : join(dataDirectory, 'load-balancer.json')
  const kept = await readOrMakeJson(file, async () => ({ sealingKey: randomBytes(32).toString('base64') }))
  return Buffer.from(kept.sealingKey, 'base64')
}
