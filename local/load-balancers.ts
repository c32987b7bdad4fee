/** The load balancers of a deployment: the one that the world calls, and the one that running tasks call. */
import { randomBytes } from 'node:crypto'
import { type AccessLogEntry, type LocalAlb, type LocalAlbOptions, startLocalAlb } from './alb/index.ts'
import type { CertificateAuthority } from './certificates.ts'
import type { Closing } from './closing.ts'
import { readOrMakeJson } from './data-directory.ts'
import type { Deployment } from './deployment.ts'
import type { FunctionFleet } from './function-fleet.ts'
import { listenersOf } from './listeners.ts'
import { LOOPBACK, type ReservedPort } from './listening.ts'

export interface LoadBalancers {
  readonly open: LocalAlb
  /** Undefined where the settings ask for none. */
  readonly internal: LocalAlb | undefined
}

export interface LoadBalancerOptions {
  readonly deployment: Deployment
  readonly functions: FunctionFleet
  /** The port of the open one; that of the internal one, 0 for a free one. */
  readonly ports: { readonly open: ReservedPort; readonly internal: number }
  /** Serves both over https, with certificates of this authority; undefined serves both without. */
  readonly authority: CertificateAuthority | undefined
  /** Keeps what seals session cookies, so that a restart signs nobody out; null makes it anew. */
  readonly sealingFile: string | null
  readonly onRequest: ((entry: AccessLogEntry) => void) | undefined
  readonly closing: Closing
}

/**
 * Opens the ports, the open one last: where it answers, everything is up. The internal one is open to this machine
 * only, in the place of a security group.
 */
export async function openLoadBalancers(options: LoadBalancerOptions): Promise<LoadBalancers> {
  const { deployment, functions, ports, authority, onRequest, closing } = options
  const { template } = deployment
  const listeners = listenersOf(template)
  const common: Omit<LocalAlbOptions, 'port'> = {
    template,
    resolve: deployment.resolver.resolve,
    invoke: functions.invoke,
    loadBalancerArn: deployment.loadBalancerArn,
    host: LOOPBACK,
    ...(authority === undefined ? {} : { tls: await authority.issue(['localhost', LOOPBACK]) }),
    ...(onRequest ? { log: onRequest } : {}),
  }
  const serve = async (one: LocalAlbOptions) => {
    const loadBalancer = await startLocalAlb(one)
    closing.add(loadBalancer.close)
    return loadBalancer
  }
  const internal =
    listeners.internal === undefined
      ? undefined
      : await serve({ ...common, listener: listeners.internal, port: ports.internal })
  await ports.open.release()
  const open = await serve({
    ...common,
    ...(listeners.open === undefined ? {} : { listener: listeners.open }),
    port: ports.open.port,
    sealingKey: await sealingKey(options.sealingFile),
  })
  functions.trust(open)
  return { open, internal }
}

async function sealingKey(file: string | null): Promise<Uint8Array> {
  const kept = await readOrMakeJson(file, async () => ({ sealingKey: randomBytes(32).toString('base64') }))
  return Buffer.from(kept.sealingKey, 'base64')
}
