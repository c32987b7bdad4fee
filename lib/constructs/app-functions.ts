import type { Code } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import type { Route } from '../../functions/shared/routes.ts'
import type { BundleName } from '../bundling.ts'
import { jobsOf } from '../jobs.ts'
import { deployedFunctions, type Entrance, internalEntrances, publicEntrances } from '../listener-rules.ts'
import type { Settings } from '../settings/settings.ts'
import { AppFunction } from './app-function.ts'
import { FunctionEntrance } from './target-groups.ts'

export interface AppFunctionsProps {
  readonly settings: Settings
  readonly routes: readonly Route[]
  readonly codeFor: (name: BundleName) => Code
  /** What is in the environment of one function beside what every function has. */
  readonly environmentOf: (name: BundleName) => Readonly<Record<string, string>>
}

/** An entrance with its target group, as `targetgroup/<name>/<id>`. */
export interface MadeEntrance extends Entrance {
  readonly targetGroup: string
}

/** Every function that a route of a listener leads to, with a target group for each access class; and the jobs. */
export class AppFunctions extends Construct {
  /** Every one that a listener can lead to. */
  readonly entrances: readonly MadeEntrance[]
  private readonly functions = new Map<BundleName, AppFunction>()
  private readonly targetGroupArns = new Map<string, string>()

  constructor(scope: Construct, id: string, props: AppFunctionsProps) {
    super(scope, id)
    const { settings, routes, codeFor, environmentOf } = props
    const deployment = settings.name
    const internal = settings.internal.enabled
    for (const name of [...deployedFunctions(routes, { internal }), ...jobsOf(settings)]) {
      this.functions.set(
        name,
        new AppFunction(this, capitalized(name), {
          name,
          deployment,
          settings: settings.functions,
          code: codeFor(name),
          environment: environmentOf(name),
        }),
      )
    }
    const entrances: MadeEntrance[] = []
    for (const entrance of [...publicEntrances(routes), ...(internal ? internalEntrances(routes) : [])]) {
      const target = this.get(entrance.function)
      const made = new FunctionEntrance(target, capitalized(entrance.access), {
        entrance,
        deployment,
        target,
      })
      this.targetGroupArns.set(keyOf(entrance), made.targetGroupArn)
      entrances.push({ ...entrance, targetGroup: made.targetGroupFullName })
    }
    this.entrances = entrances
  }

  /** Every one that is deployed, in the order of the route table. */
  get all(): AppFunction[] {
    return [...this.functions.values()]
  }

  /** @throws {RangeError} for a function that is not deployed. */
  get(name: BundleName): AppFunction {
    const found = this.functions.get(name)
    if (found === undefined) throw new RangeError(`the function ${name} is not deployed`)
    return found
  }

  /** @throws {RangeError} for an entrance that no route leads to. */
  targetGroupArn(entrance: Entrance): string {
    const found = this.targetGroupArns.get(keyOf(entrance))
    if (found === undefined) throw new RangeError(`there is no target group ${keyOf(entrance)}`)
    return found
  }
}

const keyOf = (entrance: Entrance): string => `${entrance.function}-${entrance.access}`
const capitalized = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`
