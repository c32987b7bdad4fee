import { CustomResource, Duration } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Construct } from 'constructs'
import type { AppFunction } from './app-function.ts'

/** How often is looked whether it is time for a step of the rotation. */
const LOOK_EVERY = Duration.hours(6)
/** How long a deployment waits for the first key. */
const FIRST_KEY_SECONDS = 180

export interface KeyRotationProps {
  readonly job: AppFunction
  /** The secret with the keys: another one is looked at as soon as it is deployed. */
  readonly signingKeysSecret: string
}

/**
 * When the rotation of the signing keys runs: once while the stack is deployed, so that there are keys before the
 * first token is asked for, and on a schedule from then on.
 */
export class KeyRotation extends Construct {
  readonly job: AppFunction

  constructor(scope: Construct, id: string, { job, signingKeysSecret }: KeyRotationProps) {
    super(scope, id)
    this.job = job
    new Rule(this, 'Schedule', {
      description: 'Looks whether it is time for a step of the key rotation',
      schedule: Schedule.rate(LOOK_EVERY),
      targets: [new LambdaFunction(job.alias, { retryAttempts: 2 })],
    })
    const firstRun = new CustomResource(this, 'FirstRun', {
      serviceToken: job.alias.functionArn,
      resourceType: 'Custom::SigningKeys',
      properties: { SigningKeysSecret: signingKeysSecret },
      serviceTimeout: Duration.seconds(FIRST_KEY_SECONDS),
    })
    // With everything below it: the function may not read the secret before its policy is there.
    firstRun.node.addDependency(job)
  }
}
