/** One deployment: composition only, every resource is described in `constructs/`. */
import { Fn, Stack } from 'aws-cdk-lib'
import type { Code } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { Route } from '../functions/shared/routes.ts'
import type { BundleName } from './bundling.ts'
import { AppFunctions } from './constructs/app-functions.ts'
import { AuthorizationServerSecrets } from './constructs/authorization-server-secrets.ts'
import type { RunStorage } from './constructs/buckets.ts'
import { LogsBucket, RunsBucket } from './constructs/buckets.ts'
import { FrontDoor } from './constructs/front-door.ts'
import { InternalLoadBalancer } from './constructs/internal-load-balancer.ts'
import { KeyRotation } from './constructs/key-rotation.ts'
import { ListenerRules } from './constructs/listener-rules.ts'
import { Monitoring } from './constructs/monitoring.ts'
import { Outputs } from './constructs/outputs.ts'
import {
  allowActions,
  allowAuthorizationServer,
  allowKeyRotation,
  allowRuns,
  allowSessions,
} from './constructs/permissions.ts'
import { Secrets } from './constructs/secrets.ts'
import { allowProjectSecrets, allowTaskLogs } from './constructs/service-permissions.ts'
import { Tables } from './constructs/tables.ts'
import { TriggerSchedules } from './constructs/trigger-schedules.ts'
import { hasAuthorizationServer } from './jobs.ts'
import { internalListenerRules, listenerRules } from './listener-rules.ts'
import { authorizationServerSettings } from './settings/authorization-server.ts'
import { functionSettings } from './settings/function-settings.ts'
import { routesOfDeployment } from './settings/resolve.ts'
import type { Settings } from './settings/settings.ts'

export interface FlyteStackProps {
  readonly settings: Settings
  /** The bundled code of a function. */
  readonly codeFor: (name: BundleName) => Code
  /** Default: those that the settings ask for. */
  readonly routes?: readonly Route[]
}

/** The functions that take people's sessions for a credential, where the deployment signs people in itself. */
const SESSION_READERS: ReadonlySet<BundleName> = new Set(['login', 'runs', 'console', 'authorization-server'])

/** Everything that `cdk deploy` makes. Synthesizes without credentials and without a network. */
export class FlyteStack extends Stack {
  readonly functions: AppFunctions

  constructor(scope: Construct, id: string, props: FlyteStackProps) {
    const { settings, codeFor, routes = routesOfDeployment(props.settings) } = props
    const { name, aws } = settings
    super(scope, id, {
      env: { region: aws.region, ...(aws.account === undefined ? {} : { account: aws.account }) },
      stackName: `${name}-serverless`,
      description: "Flyte's front door on AWS Lambda",
    })
    const logs = writesAccessLogs(settings)
      ? new LogsBucket(this, 'AccessLogs', settings.loadBalancer.logRetentionDays)
      : undefined
    const door = new FrontDoor(this, 'FrontDoor', { settings, logs })
    const tables = new Tables(this, 'Tables', { children: settings.internal.enabled })
    const runsBucket = new RunsBucket(this, 'Storage', { storagePrefix: settings.runs.storagePrefix, logs })
    const secrets = new Secrets(this, 'Secrets', settings)
    const { oidcClientSecret, signIn } = secrets
    const names = { loadBalancerArn: door.loadBalancerArn, storagePrefix: runsBucket.uri, signIn }
    const sessions = (name: BundleName) => signIn !== undefined && SESSION_READERS.has(name)
    const server = hasAuthorizationServer(settings)
      ? new AuthorizationServerSecrets(this, 'AuthorizationServer', settings)
      : undefined
    const schedules = new TriggerSchedules(this, 'Triggers', { deployment: name })
    const shared = { FLYTE_SETTINGS: this.toJsonString(functionSettings(settings, names)) }
    this.functions = new AppFunctions(this, 'Functions', {
      settings,
      routes,
      codeFor,
      environmentOf: (name) => ({
        ...shared,
        ...tables.environmentOf(name, { sessions: sessions(name) }),
        ...this.authorizationServerEnvironment(name, settings, server),
        ...schedules.environmentOf(name),
      }),
    })
    allowRuns(this.functions.get('runs'), { tables, storage: runsBucket.storage })
    schedules.allow(this.functions.get('runs'))
    allowProjectSecrets(this.functions.get('runs'), settings.resolved.secretPrefix)
    if (settings.runs.logs !== undefined) allowTaskLogs(this.functions.get('runs'), settings.runs.logs.group)
    if (signIn !== undefined) {
      for (const reader of this.functions.all.filter((one) => SESSION_READERS.has(one.name)))
        allowSessions(reader, { tables, signIn })
    }
    const keyRotation = server === undefined ? undefined : this.addAuthorizationServer(tables, server)
    this.addRules({ settings, routes, door, oidcClientSecret })
    const internal = settings.internal.enabled
      ? this.addInternal({
          settings,
          routes,
          door,
          logs,
          tables,
          storage: runsBucket.storage,
          oidcClientSecret,
        })
      : undefined
    const { functions } = this
    const watched = { settings, door, internal, functions, tables, schedules, keyRotation }
    const { dashboardUrl } = new Monitoring(this, 'Monitoring', watched)
    const storagePrefix = runsBucket.uri
    new Outputs(this, 'Outputs', {
      settings,
      door,
      tables,
      secrets,
      authorizationServer: server,
      storagePrefix,
      internalDnsName: internal?.balancer.loadBalancerDnsName,
      dashboardUrl,
    })
  }

  /** Two zones by position: looking their names up would need credentials, and the positions always exist. */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()))
  }

  /** What only the authorization server and the rotation of its keys are told. */
  private authorizationServerEnvironment(
    name: BundleName,
    settings: Settings,
    secrets: AuthorizationServerSecrets | undefined,
  ): Record<string, string> {
    if (secrets === undefined || !(name === 'authorization-server' || name === 'rotate-keys')) return {}
    return { AUTHORIZATION_SERVER: this.toJsonString(authorizationServerSettings(settings, secrets)) }
  }

  /** The rotation of its keys, where that is done here. */
  private addAuthorizationServer(
    tables: Tables,
    secrets: AuthorizationServerSecrets,
  ): KeyRotation | undefined {
    allowAuthorizationServer(this.functions.get('authorization-server'), { tables, secrets })
    const { signingKeysSecret } = secrets
    if (signingKeysSecret === null) return undefined
    const job = this.functions.get('rotate-keys')
    allowKeyRotation(job, signingKeysSecret)
    return new KeyRotation(this, 'KeyRotation', { job, signingKeysSecret })
  }

  /** The load balancer of running tasks with what it leads to. */
  private addInternal(options: {
    settings: Settings
    routes: readonly Route[]
    door: FrontDoor
    logs: LogsBucket | undefined
    tables: Tables
    storage: RunStorage
    oidcClientSecret: string | undefined
  }): InternalLoadBalancer {
    const { settings, routes, door, logs, tables, storage, oidcClientSecret } = options
    const internal = new InternalLoadBalancer(this, 'Internal', {
      settings,
      madeNetwork: door.madeNetwork,
      logs,
    })
    new ListenerRules(this, 'InternalRules', {
      listenerArn: internal.listenerArn,
      rules: internalListenerRules(routes),
      settings,
      oidcClientSecret,
      targetGroupArn: (entrance) => this.functions.targetGroupArn(entrance),
    })
    allowActions(this.functions.get('actions'), { tables, storage })
    return internal
  }

  private addRules(options: {
    settings: Settings
    routes: readonly Route[]
    door: FrontDoor
    oidcClientSecret: string | undefined
  }): void {
    const { settings, routes, door, oidcClientSecret } = options
    const { enabled, pathPrefix } = settings.auth.tokenEndpointProxyConfig
    const rules = listenerRules({
      routes,
      basePriority: door.basePriority,
      hosts: door.hosts,
      minimalPaths: settings.ingress.minimalPaths,
      jwtValidation: settings.ingress.jwtValidation,
      sessionCookieName: settings.ingress.session.cookieName,
      tokenProxyPrefix: enabled ? pathPrefix : undefined,
    })
    new ListenerRules(this, 'Rules', {
      listenerArn: door.listenerArn,
      rules,
      settings,
      oidcClientSecret,
      targetGroupArn: (entrance) => this.functions.targetGroupArn(entrance),
    })
  }
}

/** Load balancers that are made here write access logs, and so does the bucket. */
function writesAccessLogs({ loadBalancer, internal, runs }: Settings): boolean {
  return loadBalancer.existing === undefined || runs.storagePrefix === undefined || internal.enabled
}
