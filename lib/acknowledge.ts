import { Stack, Validations } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** Accepts one finding of cdk-nag's AwsSolutions rules on one resource, for a reason that a reader can judge. */
export function acknowledge(construct: Construct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason })
}

/** Accepts that a role's policy names this resource with a wildcard in it, and no other. */
export function acknowledgeWildcard(role: Construct, resource: string, reason: string): void {
  acknowledge(role, `IAM5[Resource::${flatten(Stack.of(role).resolve(resource))}]`, reason)
}

/** A resource as cdk-nag spells it in its findings: references in angle brackets. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value
  const [[name, content] = []] = Object.entries(value as Record<string, unknown>)
  if (name === 'Ref') return `<${String(content)}>`
  if (name === 'Fn::GetAtt') return `<${(content as string[]).join('.')}>`
  const [delimiter, items] = content as [string, unknown[]]
  return items.map(flatten).join(delimiter)
}
