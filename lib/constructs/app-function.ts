import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { CfnFunction, Code } from 'aws-cdk-lib/aws-lambda'
import { Alias, Architecture, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledgeWildcard } from '../acknowledge.ts'
import type { BundleName } from '../bundling.ts'
import type { Settings } from '../settings/settings.ts'

/** The alias that the load balancer invokes. */
export const LIVE_ALIAS = 'live'

/** Where a bundle's handler is: `index.mjs`, export `handler`. */
const HANDLER = 'index.handler'

interface Size {
  readonly memoryMb: number
  /** Shorter than the load balancer's idle timeout, so that the function's own answer is what a client sees. */
  readonly timeoutSeconds: number
}

/** Memory buys processor time: `runs` verifies signatures and calls DynamoDB, `metadata` waits for the provider. */
const DEFAULT_SIZES: Readonly<Record<BundleName, Size>> = {
  metadata: { memoryMb: 512, timeoutSeconds: 60 },
  runs: { memoryMb: 1024, timeoutSeconds: 30 },
  actions: { memoryMb: 1024, timeoutSeconds: 30 },
  // Of sessions of the deployment's own it may have to wait for the provider, like `runs`.
  console: { memoryMb: 512, timeoutSeconds: 30 },
  'authorization-server': { memoryMb: 1024, timeoutSeconds: 30 },
  login: { memoryMb: 1024, timeoutSeconds: 30 },
  // Making a key is a search for primes, and takes as long as it takes.
  'rotate-keys': { memoryMb: 1024, timeoutSeconds: 60 },
}

export interface AppFunctionProps {
  readonly name: BundleName
  readonly deployment: string
  readonly settings: Settings['functions']
  readonly code: Code
  /** FLYTE_SETTINGS and names of resources; what every function has is added here. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * One function of the deployment with its own role, log group and `live` alias.
 *
 * The role can write this function's own logs (and traces, if switched on) and nothing else; what more it needs is
 * added by the stack, one statement at a time.
 */
export class AppFunction extends Construct {
  readonly name: BundleName
  readonly alias: Alias
  readonly role: Role
  readonly functionName: string
  /** The id of the function's resource in the template. */
  readonly logicalId: string

  constructor(scope: Construct, id: string, props: AppFunctionProps) {
    super(scope, id)
    const { name, deployment, settings } = props
    const size = DEFAULT_SIZES[name]
    this.name = name
    this.functionName = `${deployment}-${name}`
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${this.functionName}`,
      retention: settings.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.role = this.createRole(logGroup, settings.tracing)
    const lambda = new LambdaFunction(this, 'Function', {
      functionName: this.functionName,
      description: `Flyte's front door: ${name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: HANDLER,
      code: props.code,
      role: this.role,
      logGroup,
      memorySize: ofFunction(settings.memoryMb, name) ?? size.memoryMb,
      timeout: Duration.seconds(size.timeoutSeconds),
      tracing: settings.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      ...reservation(name, settings),
      environment: { ...commonEnvironment(props), ...props.environment },
    })
    this.logicalId = Stack.of(this).getLogicalId(lambda.node.defaultChild as CfnFunction)
    this.alias = new Alias(this, 'Live', { aliasName: LIVE_ALIAS, version: lambda.currentVersion })
  }

  /** Lets this function do exactly these actions on exactly these resources. */
  allow(actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] }),
    )
  }

  private createRole(logGroup: LogGroup, tracing: boolean): Role {
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    const actions = ['logs:CreateLogStream', 'logs:PutLogEvents']
    role.addToPolicy(new PolicyStatement({ actions, resources: [logGroup.logGroupArn] }))
    if (tracing) acknowledgeWildcard(role, '*', 'X-Ray has no resources that a permission could name.')
    return role
  }
}

/** What the settings say for one function; some functions have no setting of their own. */
function ofFunction(
  values: Partial<Record<BundleName, number | undefined>>,
  name: BundleName,
): number | undefined {
  return values[name]
}

function reservation(name: BundleName, settings: Settings['functions']) {
  const reserved = ofFunction(settings.reservedConcurrency, name)
  return reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }
}

function commonEnvironment({ name, deployment, settings }: AppFunctionProps): Record<string, string> {
  return {
    LOG_LEVEL: settings.logLevel,
    POWERTOOLS_SERVICE_NAME: name,
    POWERTOOLS_METRICS_NAMESPACE: deployment,
    POWERTOOLS_TRACE_ENABLED: String(settings.tracing),
  }
}
