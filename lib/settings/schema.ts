/**
 * The shape of `flyte.yaml`. Key names are Flyte's own wherever Flyte has the setting, so that the `auth:` block of
 * an existing deployment can be pasted. Defaults that follow from other settings are filled in by `settings.ts`.
 */
import * as z from 'zod'
import { choice, duration, EMPTY, flag, integer, list, matching, section, text } from './fields.ts'
import { authSection } from './schema-auth.ts'

const arn = (service: string, what: string) =>
  matching(new RegExp(`^arn:aws[a-z-]*:${service}:`), `the ARN of ${what} (arn:aws:${service}:...)`)

const id = (prefix: string, what: string) =>
  matching(new RegExp(`^${prefix}-[0-9a-f]{8,}$`), `the id of ${what} (${prefix}-...)`)

const cidr = () => matching(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, 'an IPv4 range such as 203.0.113.0/24')

const projectName = () =>
  matching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and hyphens, 63 at most')

const awsSection = section({
  region: matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'the region to deploy to, such as eu-west-1'),
  account: matching(/^\d{12}$/, "the account number in quotes, such as '123456789012'").optional(),
}).prefault(EMPTY)

const domainSection = section({
  name: matching(/^[a-z0-9.-]+$/i, 'the host name of this deployment').optional(),
  hostedZoneId: matching(/^Z[A-Z0-9]+$/, 'the id of a Route 53 hosted zone (Z...)').optional(),
  zoneName: matching(/^[a-z0-9.-]+\.[a-z]+$/i, 'the name of the hosted zone, such as example.com').optional(),
  certificateArn: arn('acm', 'a certificate').optional(),
}).prefault(EMPTY)

const networkSection = section({
  vpcId: id('vpc', 'a VPC').optional(),
  publicSubnetIds: list(id('subnet', 'a subnet'), 'ids of public subnets').optional(),
}).prefault(EMPTY)

const existingLoadBalancer = section({
  arn: arn('elasticloadbalancing', 'the application load balancer'),
  listenerArn: arn('elasticloadbalancing', 'its HTTPS listener'),
  securityGroupId: id('sg', 'its security group').optional(),
  basePriority: integer(1, 49_000),
})

const wafSection = section({
  enabled: flag().default(false),
  requestsPerFiveMinutes: integer(100, 2_000_000).default(10_000),
}).prefault(EMPTY)

const loadBalancerSection = section({
  existing: existingLoadBalancer.optional(),
  allowedCidrs: list(cidr(), 'IPv4 ranges').default(['0.0.0.0/0']),
  idleTimeoutSeconds: integer(61, 4000).default(75),
  logRetentionDays: integer(1, 3650).default(90),
  deletionProtection: flag().default(true),
  waf: wafSection,
}).prefault(EMPTY)

const extraParams = z
  .record(text('the name of a parameter'), text('the value of the parameter'), {
    error: 'must be a mapping of names to text',
  })
  .refine((value) => Object.keys(value).length <= 10, { error: 'must have 10 entries at most' })

const ingressSection = section({
  browserAuth: choice(['alb', 'service']).default('alb'),
  minimalPaths: flag().default(false),
  jwtValidation: flag().default(true),
  jwtAudienceFormat: choice(['single-string', 'string-array']).default('single-string'),
  session: section({
    cookieName: matching(/^[A-Za-z0-9_-]{1,64}$/, 'a cookie name of letters, digits, - and _').default(
      'AWSELBAuthSessionCookie',
    ),
    timeout: duration(60_000, 2_592_000_000, 'from 1m to 720h').default(604_800_000),
    idleTimeout: duration(60_000, 2_592_000_000, 'from 1m to 720h').optional(),
    extraParams: extraParams.default({}),
  }).prefault(EMPTY),
}).prefault(EMPTY)

const secretName = () =>
  matching(
    /^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}|[\w/+=.@-]{1,512})$/,
    'the name of a secret in Secrets Manager, or its whole ARN with the six characters at the end',
  )

const secretsSection = section({
  oidcClientSecret: section({
    name: secretName().optional(),
    key: matching(/^[\w.-]+$/, 'the key inside the JSON of the secret').default('oidc_client_secret'),
    plainText: flag().default(false),
    versionId: matching(/^[A-Za-z0-9-]{32,64}$/, 'the VersionId that put-secret-value prints').optional(),
  }).prefault(EMPTY),
  cookieKeys: section({ name: secretName().optional() }).prefault(EMPTY),
  signingKeys: section({ name: secretName().optional() }).prefault(EMPTY),
  clientSecrets: section({ name: secretName().optional() }).prefault(EMPTY),
}).prefault(EMPTY)

const internalSection = section({
  enabled: flag().default(false),
  vpcId: id('vpc', 'the VPC that the tasks run in').optional(),
  subnetIds: list(id('subnet', 'a private subnet'), 'ids of private subnets').optional(),
  protocol: choice(['HTTPS', 'HTTP']).default('HTTPS'),
  certificateArn: arn('acm', 'a certificate').optional(),
  allowedSecurityGroupIds: list(id('sg', 'a security group'), 'ids of security groups').optional(),
  allowedCidrs: list(cidr(), 'IPv4 ranges').optional(),
}).prefault(EMPTY)

const perFunction = <Value extends z.ZodType>(value: Value) =>
  section({
    metadata: value.optional(),
    runs: value.optional(),
    actions: value.optional(),
    console: value.optional(),
    login: value.optional(),
    'authorization-server': value.optional(),
  }).prefault(EMPTY)

const functionsSection = section({
  memoryMb: perFunction(integer(128, 10_240)),
  reservedConcurrency: perFunction(integer(1, 10_000)),
  logRetentionDays: z
    .literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653], {
      error:
        'must be a retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827 or 3653',
    })
    .default(30),
  logLevel: choice(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
  tracing: flag().default(false),
}).prefault(EMPTY)

const topicArn = () =>
  matching(
    /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/,
    'the ARN of an SNS topic (arn:aws:sns:...)',
  )

const monitoringSection = section({
  dashboard: flag().default(true),
  alarms: flag().default(true),
  alarmTopicArn: topicArn().optional(),
}).prefault(EMPTY)

const storagePrefix = matching(
  /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w!.*'()/-]*)?$/,
  'an existing bucket and a prefix in it, such as s3://my-bucket/flyte',
).transform((value) => value.replace(/\/+$/, ''))

/** The names of Secrets Manager, as far as they are safe in an ARN and leave room for what comes after. */
const secretPrefix = matching(
  /^[\w.-]+(\/[\w.-]+)*$/,
  'the start of names in Secrets Manager, such as flyte-serverless/secrets',
).max(64, { error: 'must have 64 characters at most' })

const LOG_STREAM_PARTS = ['project', 'domain', 'run', 'action', 'attempt', 'pod'] as const
const logStream = matching(
  new RegExp(`^([^\\s:*{}]|\\{(${LOG_STREAM_PARTS.join('|')})\\})+$`),
  `a name of log streams without spaces, : and *, in which {${LOG_STREAM_PARTS.join('}, {')}} stand for themselves`,
)

const logsSection = section({
  group: matching(/^[\w./#-]{1,512}$/, 'the name of an existing log group in CloudWatch Logs'),
  stream: logStream.default('{project}/{domain}/{run}/{action}/{attempt}'),
})

const runsSection = section(
  {
    trustForwardedIdentityHeaders: flag().default(true),
    userinfoSubject: choice(['match', 'adopt']).default('match'),
    storagePrefix: storagePrefix.optional(),
    seedProjects: z
      .array(projectName(), { error: 'must be a list of project names' })
      .default(['flytesnacks']),
    domains: list(projectName(), 'names of domains').default(['development', 'staging', 'production']),
    secretPrefix: secretPrefix.optional(),
    logs: logsSection.optional(),
  },
  { security: 'is not needed: authentication is always on; remove it' },
).prefault(EMPTY)

/** All of `flyte.yaml`, each value checked by itself. */
export const fileSchema = section(
  {
    name: matching(
      /^[a-z][a-z0-9-]{0,12}[a-z0-9]$/,
      'a short name of 2 to 14 lower-case letters, digits and hyphens',
    ).default('flyte'),
    aws: awsSection,
    domain: domainSection,
    network: networkSection,
    loadBalancer: loadBalancerSection,
    internal: internalSection,
    auth: authSection,
    runs: runsSection,
    ingress: ingressSection,
    secrets: secretsSection,
    functions: functionsSection,
    monitoring: monitoringSection,
  },
  { configuration: 'is a level that only a Helm values file has; move what is under it to the top level' },
)

/** `flyte.yaml` with every plain default filled in. */
export type SettingsFile = z.output<typeof fileSchema>
