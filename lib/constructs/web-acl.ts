import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2'
import { Construct } from 'constructs'

/**
 * AWS's lists that do not read request bodies. The common rule set is left out on purpose: it refuses bodies over
 * 8 KB and anything in them that looks like a file path, and a task's inputs are both.
 */
const MANAGED_RULES = [
  'AWSManagedRulesAmazonIpReputationList',
  'AWSManagedRulesKnownBadInputsRuleSet',
] as const

export interface WebAclProps {
  readonly deployment: string
  readonly loadBalancerArn: string
  /** How many requests one address may send in five minutes. */
  readonly requestsPerFiveMinutes: number
}

/** A web ACL in front of the load balancer: known bad addresses and inputs, and a limit for each address. */
export class WebAcl extends Construct {
  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id)
    const managed = MANAGED_RULES.map((name, index) => ({
      name,
      priority: index + 1,
      overrideAction: { none: {} },
      statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
      visibilityConfig: visibility(name),
    }))
    const limit = {
      name: 'RequestsOfOneAddress',
      priority: 0,
      action: { block: { customResponse: { responseCode: 429 } } },
      statement: { rateBasedStatement: { limit: props.requestsPerFiveMinutes, aggregateKeyType: 'IP' } },
      visibilityConfig: visibility('RequestsOfOneAddress'),
    }
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      rules: [limit, ...managed],
      visibilityConfig: visibility(props.deployment),
    })
    new CfnWebACLAssociation(this, 'Association', {
      resourceArn: props.loadBalancerArn,
      webAclArn: acl.attrArn,
    })
  }
}

function visibility(metricName: string) {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true }
}
