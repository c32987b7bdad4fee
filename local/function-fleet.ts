/** The functions of a deployment, running, with everything around them that they reach. */
import type { Invoke, LocalAlb } from './alb/index.ts'
import { functionCredentials } from './aws/credentials.ts'
import type { InvokeTarget } from './aws/scheduler.ts'
import type { CertificateAuthority } from './certificates.ts'
import type { Closing } from './closing.ts'
import { type Deployment, functionBehind } from './deployment.ts'
import { createFunctionPool, type FunctionPool } from './functions/pool.ts'
import type { InvocationResult, LogLine } from './functions/types.ts'
import { type LocalNames, startOutbound } from './outbound.ts'
import { awsVariables, type ServiceEndpoints } from './services.ts'

export interface FunctionFleet {
  /** Invokes the function behind a target group, if the template lets the load balancer do so. */
  readonly invoke: Invoke
  /** Runs the function that a reference of the template leads to, for whoever deploys the template. */
  run(functionRef: unknown, event: unknown): Promise<InvocationResult>
  /** Runs the function of a schedule, if the schedule's role may; false if it failed. */
  readonly fire: InvokeTarget
  /** Whose keys the functions read where AWS publishes them: the load balancer is opened after them. */
  trust(loadBalancer: Pick<LocalAlb, 'publicKey'>): void
}

/** Starts the way out and one process of each function, and waits until their code is loaded. */
export async function startFunctions(options: {
  deployment: Deployment
  endpoints: ServiceEndpoints
  authority: CertificateAuthority
  log: LogLine
  closing: Closing
}): Promise<FunctionFleet> {
  const { deployment, endpoints, authority, log, closing } = options
  let publicKey: LocalAlb['publicKey'] = () => undefined
  const names: LocalNames = new Map([
    [
      `public-keys.auth.elb.${deployment.region}.amazonaws.com`,
      (request, response) => {
        const pem = publicKey((request.url ?? '/').slice(1))
        response.writeHead(pem === undefined ? 404 : 200, { 'content-type': 'text/plain' }).end(pem ?? '')
      },
    ],
  ])
  const outbound = await startOutbound({ authority, names })
  closing.add(outbound.close)
  const pools = new Map<string, FunctionPool>()
  for (const [logicalId, definition] of deployment.functions) {
    const credentials = functionCredentials(definition.name)
    const variables = awsVariables({ region: deployment.region, endpoints, credentials })
    const pool = createFunctionPool({ definition, platform: { ...variables, ...outbound.environment }, log })
    pools.set(logicalId, pool)
    closing.add(pool.close)
  }
  await Promise.all([...pools.values()].map((pool) => pool.warm()))
  const poolOf = (functionRef: unknown) => pools.get(functionBehind(deployment.template, functionRef) ?? '')
  return {
    invoke: async ({ functionRef }, event) => {
      const pool = poolOf(functionRef)
      if (pool === undefined) return { error: 'not-found' }
      const { targetGroupArn } = event.requestContext.elb
      const functionArn = String(await deployment.resolver.resolve(functionRef))
      if (deployment.mayInvoke({ functionArn, targetGroupArn })) return pool.invoke(event)
      log(pool.definition.name, notInvocable(pool.definition.name, targetGroupArn))
      return { error: 'access-denied' }
    },
    run: async (functionRef, event) => (await poolOf(functionRef)?.invoke(event)) ?? { error: 'error' },
    fire: async ({ functionArn, roleArn, event }) => {
      const [logicalId, definition] =
        [...deployment.functions].find(([, { arn }]) => `${functionArn}:`.startsWith(`${arn}:`)) ?? []
      if (logicalId === undefined || definition === undefined) return true
      const mayInvoke = deployment.permissionsOf(roleArn).decide('lambda:InvokeFunction', functionArn).allowed
      if (!mayInvoke) log(definition.name, notCallable(definition.name))
      // AWS does not call a function again that it may not call.
      return !mayInvoke || !('error' in ((await pools.get(logicalId)?.invoke(event)) ?? { error: 'error' }))
    },
    trust: (loadBalancer) => {
      publicKey = loadBalancer.publicKey
    },
  }
}

function notCallable(functionName: string): string {
  return `A schedule may not call ${functionName}: no statement of its role allows 'lambda:InvokeFunction' on the function; see lib/constructs/trigger-schedules.ts.`
}

function notInvocable(functionName: string, targetGroupArn: string): string {
  return `The load balancer may not invoke ${functionName} for ${targetGroupArn}: the template has no AWS::Lambda::Permission of its alias for this target group; see lib/constructs/target-groups.ts.`
}
