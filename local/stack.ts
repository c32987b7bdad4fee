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
 *  task   ─► local/alb (the internal listener's rules, where the settings ask for one) ─► local/functions
 * ```
 *
 * The load balancer's port is opened last: where somebody answers, everything is up.
 */
import { join } from 'node:path'
import type { AccessLogEntry, CloudFormationTemplate, LocalAlb } from './alb/index.ts'
import { type CertificateAuthority, certificateAuthority, trustAuthority } from './certificates.ts'
import { type Closing, closingList } from './closing.ts'
import { makeCustomResources } from './custom-resources.ts'
import { lockDataDirectory } from './data-lock.ts'
import type { Deployment } from './deployment.ts'
import { startFunctions } from './function-fleet.ts'
import type { LogLine } from './functions/types.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider/index.ts'
import { type KeptDeployment, readKeptDeployment } from './kept-deployment.ts'
import { type ReservedPort, reservePort } from './listening.ts'
import { openLoadBalancers } from './load-balancers.ts'
import { STAND_IN_PORTS, withRealPorts } from './ports.ts'
import {
  discoverProvider,
  localProvider,
  type ProviderDescription,
  type RealProvider,
} from './provider-description.ts'
import type { ServiceClient } from './service-client.ts'
import { type ServiceEndpoints, startServices } from './services.ts'
import { type BrowserAuth, localSettings, type SettingsOverride } from './settings.ts'
import { LOCAL_DIRECTORY, type LocalSynthesis, synthesizeLocally } from './synthesis.ts'
import { registrationOf } from './web-client.ts'

export interface StackOptions {
  /**
   * The port of the load balancer; the local identity provider takes the one above, and the internal load balancer,
   * where there is one, the next. 0 takes free ones.
   */
  readonly port: number
  /** Where everything that outlives a restart is kept; undefined keeps it in memory. */
  readonly dataDirectory?: string | undefined
  /** Serve https, with a certificate of a private authority. */
  readonly tls?: boolean
  /** A real identity provider in place of the local one. */
  readonly provider?: RealProvider | undefined
  /** Who signs browsers in: the load balancer, or the login function. Default: the load balancer. */
  readonly browserAuth?: BrowserAuth | undefined
  /** The deployment is its own authorization server. Default: the identity provider is it. */
  readonly self?: boolean
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
  /** Who signs browsers in. */
  readonly browserAuth: BrowserAuth
  /** Where the identity provider sends people back to after they signed in. */
  readonly callbackUrl: string
  /** The local identity provider; undefined where a real one is used. */
  readonly provider: IdentityProvider | undefined
  /** A service of the deployment's own authorization server; undefined where it has none. */
  readonly service: ServiceClient | undefined
  /** The authority that clients have to trust where the stack serves https. */
  readonly authority: CertificateAuthority
  readonly loadBalancer: LocalAlb
  /** Where running tasks call; undefined unless `internal.enabled` is set. */
  readonly internalUrl: string | undefined
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
 * @throws {CustomResourceError} a function did not do its part of the deployment
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
  if (options.tls) trustAuthority(authority.certificate)
  const described = options.provider && (await discoverProvider(options.provider))
  const synthesis = await synthesize(options, described, progress)

  progress('Starting the identity provider, the database and the object store')
  const { deployment, keepSecret, service } = await deploy({ options, synthesis, ports })
  await ports.provider.release()
  const provider = described
    ? undefined
    : await startProvider({ options, url, port: ports.provider.port, deployment, authority, closing })
  const { dataDirectory } = options
  const log = options.onLogLine ?? (() => {})
  const { endpoints, scheduler } = await startServices({
    deployment,
    dataDirectory,
    keepSecret,
    closing,
    log,
  })

  progress('Starting the functions')
  const functions = await startFunctions({ deployment, endpoints, authority, log, closing })
  await makeCustomResources({ deployment, functions })
  const { open: loadBalancer, internal } = await openLoadBalancers({
    deployment,
    functions,
    ports: { open: ports.stack, internal: options.port === 0 ? 0 : options.port + 2 },
    authority: options.tls ? authority : undefined,
    sealingFile: dataFile(options, 'load-balancer.json'),
    onRequest: options.onRequest,
    closing,
  })
  scheduler.start(functions.fire)
  return {
    url,
    port: ports.stack.port,
    issuer: provider?.issuer ?? described?.issuer ?? '',
    browserAuth: deployment.signIn?.signOut === undefined ? 'alb' : 'service',
    callbackUrl: `${url}${deployment.signIn?.callbackPath ?? ''}`,
    provider,
    service,
    authority,
    loadBalancer,
    internalUrl: internal?.url,
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
    self: options.self ?? false,
    override: options.settings ?? {},
  })
  const onWork = () => progress('Synthesizing the template and bundling the functions')
  return synthesizeLocally({ settings, onWork })
}

function deploy(parts: {
  options: StackOptions
  synthesis: LocalSynthesis
  ports: Ports
}): Promise<KeptDeployment> {
  const { options, synthesis, ports } = parts
  const { template: change = (template) => template, code = {}, dataDirectory } = options
  const real = { stack: ports.stack.port, provider: ports.provider.port }
  return readKeptDeployment({
    template: change(withRealPorts(synthesis.template, real)),
    synthesis,
    dataDirectory,
    code,
    oidcClientSecret: options.provider?.clientSecret,
  })
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
    webClient: registrationOf(deployment.signIn, url),
    keysFile: dataFile(options, 'identity-provider.json'),
    accessTokenSeconds: options.accessTokenSeconds,
    idTokenSeconds: options.idTokenSeconds,
    trustedCertificate: authority.certificate,
  })
  closing.add(provider.close)
  return provider
}

function dataFile({ dataDirectory }: StackOptions, name: string): string | null {
  return dataDirectory === undefined ? null : join(dataDirectory, name)
}
