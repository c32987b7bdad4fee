/**
 * The whole stack on one machine: the synthesized template behind a local load balancer, its functions in
 * processes of their own, and everything they call beside them. What the template's roles and permissions do
 * not allow is refused here, too.
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
import {
  type AccessLogEntry,
  type CloudFormationTemplate,
  type LocalAlb,
  startLocalAlb,
} from './alb/index.ts'
import { type CertificateAuthority, certificateAuthority } from './certificates.ts'
import { type Closing, closingList } from './closing.ts'
import { readOrMakeJson, writePrivately } from './data-directory.ts'
import { lockDataDirectory } from './data-lock.ts'
import { type Deployment, readDeployment } from './deployment.ts'
import { type FunctionFleet, startFunctions } from './function-fleet.ts'
import type { LogLine } from './functions/types.ts'
import type { WebClient } from './identity-provider/clients.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider/index.ts'
import { LOOPBACK, type ReservedPort, reservePort } from './listening.ts'
import { STAND_IN_PORTS, withRealPorts } from './ports.ts'
import {
  discoverProvider,
  localProvider,
  type ProviderDescription,
  type RealProvider,
} from './provider-description.ts'
import { type ServiceEndpoints, startServices } from './services.ts'
import { type BrowserAuth, localSettings, type SettingsOverride, WEB_CLIENT_ID } from './settings.ts'
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
  /** Who signs browsers in: the load balancer, or the login function. Default: the load balancer. */
  readonly browserAuth?: BrowserAuth | undefined
  /** How long an access token of the local identity provider is valid, in seconds. Default: an hour. */
  readonly accessTokenSeconds?: number
  /** How long an ID token of the local identity provider is valid, in seconds. Default: an hour. */
  readonly idTokenSeconds?: number
  /** What of the settings is to be different. */
  readonly settings?: SettingsOverride
  /** Other code for functions, by their names in the route table: folders with an `index.mjs`. For tests. */
  readonly code?: Readonly<Record<string, string>>
  /** Changes the template before it is run. For tests. */
  readonly template?: (template: CloudFormationTemplate) => CloudFormationTemplate
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
  const ports = await reservePorts(options, closing)
  const url = originOf(options, ports.stack.port)
  if (options.dataDirectory !== undefined) closing.add(await lockDataDirectory(options.dataDirectory))
  const authority = await certificateAuthority(join(LOCAL_DIRECTORY, 'certificates'))
  const described = options.provider && (await discoverProvider(options.provider))
  const synthesis = await synthesize(options, described, progress)

  progress('Starting the identity provider, the database and the object store')
  const deployment = await deploy({ options, synthesis, ports })
  await ports.provider.release()
  const provider = described
    ? undefined
    : await startProvider({ options, url, port: ports.provider.port, deployment, authority, closing })
  const { dataDirectory } = options
  const log = options.onLogLine ?? (() => {})
  const endpoints = await startServices({ deployment, dataDirectory, closing, log })

  progress('Starting the functions')
  const functions = await startFunctions({ deployment, endpoints, authority, log, closing })
  await ports.stack.release()
  const loadBalancer = await openLoadBalancer({
    options,
    port: ports.stack.port,
    deployment,
    authority,
    functions,
  })
  closing.add(loadBalancer.close)
  return {
    url,
    port: ports.stack.port,
    issuer: provider?.issuer ?? described?.issuer ?? '',
    provider,
    authority,
    loadBalancer,
    region: deployment.region,
    endpoints,
    tables: deployment.tables.map(({ TableName }) => TableName),
    buckets: deployment.buckets,
    close: closing.all,
  }
}

interface Ports {
  readonly stack: ReservedPort
  readonly provider: ReservedPort
}

/** Both are held until they are opened, so that a taken port is known before any work is done. */
async function reservePorts({ port, provider }: StackOptions, closing: Closing): Promise<Ports> {
  const stack = await reservePort(port)
  closing.add(stack.release)
  // A real provider has no port here; then any free one may stand for it.
  const above = await reservePort(port === 0 || provider !== undefined ? 0 : port + 1)
  closing.add(above.release)
  return { stack, provider: above }
}

function originOf(options: StackOptions, port: number): string {
  return `${options.tls ? 'https' : 'http'}://localhost:${port}`
}

function synthesize(
  options: StackOptions,
  described: ProviderDescription | undefined,
  progress: (step: string) => void,
): Promise<LocalSynthesis> {
  const settings = localSettings({
    publicUrl: originOf(options, STAND_IN_PORTS.stack),
    provider: described ?? localProvider(`http://localhost:${STAND_IN_PORTS.provider}`),
    ...(options.browserAuth === undefined ? {} : { browserAuth: options.browserAuth }),
    override: options.settings ?? {},
  })
  const onWork = () => progress('Synthesizing the template and bundling the functions')
  return synthesizeLocally({ settings, onWork })
}

/** The deployment, with the secrets of an earlier start where a data folder keeps them. */
async function deploy(parts: {
  options: StackOptions
  synthesis: LocalSynthesis
  ports: Ports
}): Promise<Deployment> {
  const { options, synthesis, ports } = parts
  const { template: change = (template) => template } = options
  const file = dataFile(options, 'secrets.json')
  const kept = await readOrMakeJson<Record<string, string>>(file, async () => ({}))
  const secretValues = new Map(Object.entries(kept))
  const deployment = await readDeployment({
    template: change(
      withRealPorts(synthesis.template, { stack: ports.stack.port, provider: ports.provider.port }),
    ),
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
  port: number
  deployment: Deployment
  authority: CertificateAuthority
  closing: Closing
}): Promise<IdentityProvider> {
  const { options, url, port, deployment, authority, closing } = parts
  const provider = await startIdentityProvider({
    port,
    publicUrl: url,
    webClient: webClient(deployment, url),
    keysFile: dataFile(options, 'identity-provider.json'),
    accessTokenSeconds: options.accessTokenSeconds,
    idTokenSeconds: options.idTokenSeconds,
    trustedCertificate: authority.certificate,
  })
  closing.add(provider.close)
  return provider
}

/** What an operator would register at the provider for this deployment. */
function webClient({ signIn }: Deployment, url: string): WebClient {
  const origins = [url, url.replace('localhost', LOOPBACK)]
  if (signIn === undefined) {
    return { clientId: WEB_CLIENT_ID, clientSecret: randomBytes(32).toString('hex'), redirectUris: [] }
  }
  const { clientId, clientSecret, callbackPath, signOut } = signIn
  return {
    clientId,
    clientSecret,
    redirectUris: origins.map((origin) => `${origin}${callbackPath}`),
    postLogoutRedirectUris: signOut === undefined ? [] : [`${url}${signOut.returnPath}`],
    backchannelLogoutUri: signOut && `${url}${signOut.noticePath}`,
  }
}

async function openLoadBalancer(parts: {
  options: StackOptions
  port: number
  deployment: Deployment
  authority: CertificateAuthority
  functions: FunctionFleet
}): Promise<LocalAlb> {
  const { options, port, deployment, authority, functions } = parts
  const loadBalancer = await startLocalAlb({
    template: deployment.template,
    resolve: deployment.resolver.resolve,
    invoke: functions.invoke,
    loadBalancerArn: deployment.loadBalancerArn,
    port,
    host: LOOPBACK,
    sealingKey: await sealingKey(dataFile(options, 'load-balancer.json')),
    ...(options.tls ? { tls: await authority.issue(['localhost', LOOPBACK]) } : {}),
    ...(options.onRequest ? { log: options.onRequest } : {}),
  })
  functions.trust(loadBalancer)
  return loadBalancer
}

/** Seals the session cookies: kept where data is kept, so that a restart signs nobody out. */
async function sealingKey(file: string | null): Promise<Uint8Array> {
  const kept = await readOrMakeJson(file, async () => ({ sealingKey: randomBytes(32).toString('base64') }))
  return Buffer.from(kept.sealingKey, 'base64')
}

function dataFile({ dataDirectory }: StackOptions, name: string): string | null {
  return dataDirectory === undefined ? null : join(dataDirectory, name)
}
