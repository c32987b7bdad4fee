import type { Settings } from '../settings/settings.ts'
import type { AppFunctions } from './app-functions.ts'
import type { FrontDoor } from './front-door.ts'
import type { InternalLoadBalancer } from './internal-load-balancer.ts'
import type { KeyRotation } from './key-rotation.ts'
import type { Tables } from './tables.ts'
import type { TriggerSchedules } from './trigger-schedules.ts'

/** What there is to watch in a deployment. */
export interface Monitored {
  readonly settings: Settings
  readonly doors: readonly MonitoredDoor[]
  readonly functions: AppFunctions
  readonly tables: Tables
  readonly schedules: TriggerSchedules
  /** Undefined where no keys are rotated here. */
  readonly keyRotation: KeyRotation | undefined
}

/** A load balancer with what of it is this deployment's. */
export interface MonitoredDoor {
  /** Starts the names of its alarms. */
  readonly name: string
  readonly title: string
  /** `app/<name>/<id>` */
  readonly loadBalancer: string
  /** Whether others use it as well: then what is counted for all of it is not this deployment's alone. */
  readonly isShared: boolean
  /** Whether it signs browsers in. */
  readonly signsIn: boolean
  /** Whether it verifies tokens. */
  readonly verifiesTokens: boolean
  readonly entrances: readonly MonitoredEntrance[]
}

/** One way through a load balancer into a function. */
export interface MonitoredEntrance {
  /** The function and the access class, such as `runs-open`. */
  readonly name: string
  /** `targetgroup/<name>/<id>` */
  readonly targetGroup: string
}

export interface Doors {
  readonly settings: Settings
  readonly door: FrontDoor
  /** The load balancer of running tasks; undefined where they have none. */
  readonly internal: InternalLoadBalancer | undefined
  readonly functions: AppFunctions
}

/** The load balancers that a deployment is called through, each with its own entrances. */
export function doorsOf({ settings, door, internal, functions }: Doors): MonitoredDoor[] {
  const entrancesOf = (isInternal: boolean) =>
    functions.entrances
      .filter(({ access }) => (access === 'internal') === isInternal)
      .map(({ function: name, access, targetGroup }) => ({ name: `${name}-${access}`, targetGroup }))
  const front: MonitoredDoor = {
    name: 'front-door',
    title: 'Front door',
    loadBalancer: door.loadBalancerFullName,
    isShared: settings.loadBalancer.existing !== undefined,
    signsIn: settings.ingress.browserAuth === 'alb',
    verifiesTokens: settings.ingress.jwtValidation,
    entrances: entrancesOf(false),
  }
  if (internal === undefined) return [front]
  const ofTasks: MonitoredDoor = {
    name: 'internal',
    title: 'Door of running tasks',
    loadBalancer: internal.balancer.loadBalancerFullName,
    isShared: false,
    signsIn: false,
    verifiesTokens: false,
    entrances: entrancesOf(true),
  }
  return [front, ofTasks]
}
