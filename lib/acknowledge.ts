import { Validations } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** Accepts one finding of cdk-nag's AwsSolutions rules on one resource, for a reason that a reader can judge. */
export function acknowledge(construct: Construct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason })
}
