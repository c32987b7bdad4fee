/** The functions of a deployment, running, with everything around them that they reach. */
import type { Invoke, LocalAlb } from './alb/index.ts'
import type { CertificateAuthority } from './certificates.ts'
import type { Closing } from './closing.ts'
import { type Deployment, functionBehind } from './deployment.ts'
import { createFunctionPool, type FunctionPool } from './functions/pool.ts'
import type { LogLine } from './functions/types.ts'
import { type LocalNames, startOutbound } from './outbound.ts'
import { awsVariables, type ServiceEndpoints } from './services.ts'

export interface FunctionFleet {
  /** Invokes the function behind a target group. */
  readonly invoke: Invoke
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
  const platform = { ...awsVariables(deployment.region, endpoints), ...outbound.environment }
  const pools = new Map<string, FunctionPool>()
  for (const [logicalId, definition] of deployment.functions) {
    const pool = createFunctionPool({ definition, platform, log })
    pools.set(logicalId, pool)
    closing.add(pool.close)
  }
  await Promise.all([...pools.values()].map((pool) => pool.warm()))
  return {
    invoke: async ({ functionRef }, event) => {
      const pool = pools.get(functionBehind(deployment.template, functionRef) ?? '')
      return pool === undefined ? { error: 'not-found' } : pool.invoke(event)
    },
    trust: (loadBalancer) => {
      publicKey = loadBalancer.publicKey
    },
  }
}
