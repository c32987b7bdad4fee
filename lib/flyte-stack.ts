/** One deployment: composition only, every resource is described in `constructs/`. */
import { Fn, Stack } from 'aws-cdk-lib'
import { CfnSecurityGroupEgress } from 'aws-cdk-lib/aws-ec2'
import type { Code } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { FunctionName, Route } from '../functions/shared/routes.ts'
import { ROUTES } from '../functions/shared/routes.ts'
import { AppFunction } from './constructs/app-function.ts'
import { LogsBucket, RunsBucket } from './constructs/buckets.ts'
import { Domain } from './constructs/domain.ts'
import { ListenerRules } from './constructs/listener-rules.ts'
import { PublicLoadBalancer } from './constructs/load-balancer.ts'
import { Outputs } from './constructs/outputs.ts'
import { allowRuns } from './constructs/permissions.ts'
import { Secrets } from './constructs/secrets.ts'
import { Tables } from './constructs/tables.ts'
import { FunctionEntrance } from './constructs/target-groups.ts'
import { WebAcl } from './constructs/web-acl.ts'
import { deployedFunctions, listenerRules, publicEntrances } from './listener-rules.ts'
import { functionSettings } from './settings/function-settings.ts'
import type { Settings } from './settings/settings.ts'

export interface FlyteStackProps {
  readonly settings: Settings
  /** The bundled code of a function. */
  readonly codeFor: (name: FunctionName) => Code
  /** Default: the route table of this version. */
  readonly routes?: readonly Route[]
}

interface FrontDoor {
  readonly listenerArn: string
  readonly loadBalancerArn: string
  readonly dnsName: string | undefined
  readonly basePriority: number
  /** Only on a listener that others use too. */
  readonly hosts: readonly string[]
}

/** Everything that `cdk deploy` makes. Synthesizes without credentials and without a network. */
export class FlyteStack extends Stack {
  private readonly settings: Settings
  private readonly functions: ReadonlyMap<FunctionName, AppFunction>
  private readonly routes: readonly Route[]

  constructor(scope: Construct, id: string, props: FlyteStackProps) {
    const { name, aws } = props.settings
    const env = { region: aws.region, ...(aws.account === undefined ? {} : { account: aws.account }) }
    super(scope, id, {
      env,
      stackName: `${name}-serverless`,
      description: "Flyte's front door on AWS Lambda",
    })
    this.settings = props.settings
    this.routes = props.routes ?? ROUTES
    const logs = new LogsBucket(this, 'AccessLogs', this.settings.loadBalancer.logRetentionDays)
    const door = this.frontDoor(logs)
    const tables = new Tables(this, 'Tables')
    const runsBucket = new RunsBucket(this, 'Storage', {
      storagePrefix: this.settings.runs.storagePrefix,
      logs,
    })
    const secrets = new Secrets(this, 'Secrets', { deployment: name, settings: this.settings.secrets })
    this.functions = this.createFunctions(
      props.codeFor,
      {
        FLYTE_SETTINGS: this.toJsonString(
          functionSettings(this.settings, {
            loadBalancerArn: door.loadBalancerArn,
            storagePrefix: runsBucket.uri,
          }),
        ),
      },
      tables,
    )
    const runs = this.functions.get('runs')
    if (runs !== undefined) allowRuns(runs, { tables, storage: runsBucket.storage })
    this.createRules(door, secrets.oidcClientSecret)
    new Outputs(this, 'Outputs', {
      settings: this.settings,
      oidcClientSecretName: secrets.oidcClientSecretName,
      cookieKeyNames: secrets.cookieKeyNames,
      runsTable: tables.runs.tableName,
      authTable: tables.auth.tableName,
      storagePrefix: runsBucket.uri,
      loadBalancerDnsName: door.dnsName,
    })
  }

  /** Two zones by position: looking their names up would need credentials, and the positions always exist. */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()))
  }

  /** The id of a function's resource in the template. */
  logicalIdOf(name: FunctionName): string {
    return this.functions.get(name)?.logicalId ?? ''
  }

  private frontDoor(logs: LogsBucket): FrontDoor {
    const { existing, waf } = this.settings.loadBalancer
    if (existing !== undefined) return this.existingDoor(existing)
    const domain = new Domain(this, 'Domain', this.settings)
    const { balancer, listenerArn } = new PublicLoadBalancer(this, 'FrontDoor', {
      settings: this.settings,
      certificate: domain.certificate,
      logs,
    })
    domain.pointAt(balancer)
    const loadBalancerArn = balancer.loadBalancerArn
    if (waf.enabled) new WebAcl(this, 'WebAcl', { deployment: this.settings.name, loadBalancerArn, ...waf })
    return { listenerArn, loadBalancerArn, dnsName: balancer.loadBalancerDnsName, basePriority: 1, hosts: [] }
  }

  private existingDoor(existing: NonNullable<Settings['loadBalancer']['existing']>): FrontDoor {
    const { arn, listenerArn, securityGroupId, basePriority } = existing
    if (securityGroupId !== undefined) {
      new CfnSecurityGroupEgress(this, 'ToIdentityProvider', {
        groupId: securityGroupId,
        ipProtocol: 'tcp',
        fromPort: 443,
        toPort: 443,
        cidrIp: '0.0.0.0/0',
        description: 'The endpoints of the identity provider',
      })
    }
    return {
      listenerArn,
      loadBalancerArn: arn,
      dnsName: undefined,
      basePriority,
      hosts: this.settings.resolved.hosts,
    }
  }

  private createFunctions(
    codeFor: FlyteStackProps['codeFor'],
    shared: Record<string, string>,
    tables: Tables,
  ) {
    const tableNames = { RUNS_TABLE: tables.runs.tableName, AUTH_TABLE: tables.auth.tableName }
    const functions = new Map<FunctionName, AppFunction>()
    for (const name of deployedFunctions(this.routes)) {
      const environment = { ...shared, ...(name === 'runs' ? tableNames : {}) }
      const id = `${name[0]?.toUpperCase()}${name.slice(1)}`
      const settings = this.settings.functions
      const props = { name, deployment: this.settings.name, settings, code: codeFor(name), environment }
      functions.set(name, new AppFunction(this, id, props))
    }
    return functions
  }

  private createRules(door: FrontDoor, oidcClientSecret: string): void {
    const deployment = this.settings.name
    const { enabled, pathPrefix } = this.settings.auth.tokenEndpointProxyConfig
    const arns = new Map<string, string>()
    for (const entrance of publicEntrances(this.routes)) {
      const target = this.functions.get(entrance.function)
      if (target === undefined) continue
      const key = `${entrance.function}-${entrance.access}`
      arns.set(
        key,
        new FunctionEntrance(target, entrance.access, { entrance, deployment, target }).targetGroupArn,
      )
    }
    const rules = listenerRules({
      routes: this.routes,
      basePriority: door.basePriority,
      hosts: door.hosts,
      minimalPaths: this.settings.ingress.minimalPaths,
      jwtValidation: this.settings.ingress.jwtValidation,
      sessionCookieName: this.settings.ingress.session.cookieName,
      tokenProxyPrefix: enabled ? pathPrefix : undefined,
    })
    new ListenerRules(this, 'Rules', {
      listenerArn: door.listenerArn,
      rules,
      settings: this.settings,
      oidcClientSecret,
      targetGroupArn: (entrance) => arns.get(`${entrance.function}-${entrance.access}`) ?? '',
    })
  }
}
