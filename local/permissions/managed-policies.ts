/** Policies that AWS manages and that roles of functions have, with what they allow. */
import type { Statement } from './statement.ts'

const LOGS = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents']
const NETWORK_INTERFACES = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
]
const TRACES = [
  'xray:GetSamplingRules',
  'xray:GetSamplingStatisticSummaries',
  'xray:GetSamplingTargets',
  'xray:PutTelemetryRecords',
  'xray:PutTraceSegments',
]

/** By the end of the ARN, after `:aws:policy/`. */
const POLICIES: Readonly<Record<string, readonly string[]>> = {
  'service-role/AWSLambdaBasicExecutionRole': LOGS,
  'service-role/AWSLambdaVPCAccessExecutionRole': [...LOGS, ...NETWORK_INTERFACES],
  AWSXRayDaemonWriteAccess: TRACES,
}

/** The statements of a policy that AWS manages; undefined for one that is not known here. */
export function managedPolicy(arn: string): readonly Statement[] | undefined {
  const [, name = ''] = arn.split(':aws:policy/')
  const actions = Object.hasOwn(POLICIES, name) ? POLICIES[name] : undefined
  return actions && [{ effect: 'Allow', actions, resources: ['*'], conditions: [] }]
}
