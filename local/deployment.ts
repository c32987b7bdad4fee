/** What the template deploys beside the load balancer, with every value resolved: functions, tables, buckets, secrets. */
import type { CloudFormationResource, CloudFormationTemplate, DynamicReference } from './alb/index.ts'
import { createResolver, type Resolver } from './alb/index.ts'
import type { TableDefinition } from './aws/dynamodb.ts'
import { type LocalKmsKey, newRsaKey } from './aws/kms.ts'
import { findSecret, type LocalSecret } from './aws/local-secret.ts'
import { type GenerateSecretString, generateSecretString } from './aws/secrets-manager.ts'
import type { FunctionDefinition } from './functions/types.ts'
import { type FunctionIdentity, readIdentities } from './permissions/identities.ts'
import { type MayInvoke, readInvokePermissions } from './permissions/invocation.ts'
import { type PermissionsOf, readRolePermissions } from './permissions/roles.ts'
import {
  functionArn,
  LOCAL_ACCOUNT,
  LOCAL_STACK_NAME,
  type ResourceNames,
  resourceNames,
} from './resource-names.ts'
import { clientOfFunctions, clientOfRules, type DeployedClient } from './web-client.ts'

export interface Deployment {
  readonly template: CloudFormationTemplate
  readonly region: string
  readonly resolver: Resolver
  readonly loadBalancerArn: string
  readonly secrets: readonly LocalSecret[]
  readonly tables: readonly TableDefinition[]
  readonly buckets: readonly string[]
  /** The keys in KMS. */
  readonly kmsKeys: readonly LocalKmsKey[]
  readonly scheduleGroups: readonly string[]
  /** By the logical id of the function. */
  readonly functions: ReadonlyMap<string, FunctionDefinition>
  /** What each function may do. */
  readonly identities: readonly FunctionIdentity[]
  /** Which functions the load balancer may invoke for which target groups. */
  readonly mayInvoke: MayInvoke
  /** What a service may do that was handed a role. */
  readonly permissionsOf: PermissionsOf
  /** The client that people are signed in with; undefined if nobody is. */
  readonly signIn: DeployedClient | undefined
}

export interface DeploymentOptions {
  readonly template: CloudFormationTemplate
  readonly region: string
  /** The folder with the code of a function, by its logical id. */
  readonly codeDirectories: ReadonlyMap<string, string>
  /** Values of secrets by name that are known already; a value made here is added. */
  readonly secretValues: Map<string, string>
  /** What the OIDC client secret is, if an identity provider issued it. */
  readonly oidcClientSecret: string | undefined
}

/** The key of the JSON document that holds the OIDC client secret. */
export const OIDC_CLIENT_SECRET_KEY = 'oidc_client_secret'

type Properties = Readonly<Record<string, unknown>>

/**
 * Reads the deployment out of a template.
 *
 * @throws {TemplateError} for anything in it that cannot be resolved here.
 */
export async function readDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { template, region } = options
  const names = resourceNames({ template, region })
  const secrets = readSecrets(options, names)
  const resolver = createResolver({
    template,
    physicalIds: names.physicalId,
    attributes: names.attribute,
    dynamicReference: (reference) => lookUp(secrets, reference),
    region,
    accountId: LOCAL_ACCOUNT,
    stackName: LOCAL_STACK_NAME,
  })
  const resolved = async (resource: CloudFormationResource) =>
    (await resolver.resolve(resource.Properties ?? {})) as Properties
  const tables: TableDefinition[] = []
  const buckets: string[] = []
  const kmsKeys: LocalKmsKey[] = []
  const scheduleGroups: string[] = []
  const functions = new Map<string, FunctionDefinition>()
  for (const [id, resource] of Object.entries(template.Resources ?? {})) {
    const name = names.physicalId(id, resource)
    const directory = options.codeDirectories.get(id)
    if (/^AWS::DynamoDB::(Global)?Table$/.test(resource.Type)) {
      tables.push({ ...((await resolved(resource)) as object), TableName: name } as TableDefinition)
    } else if (resource.Type === 'AWS::S3::Bucket') {
      buckets.push(name)
    } else if (resource.Type === 'AWS::KMS::Key') {
      kmsKeys.push(readKmsKey(String(names.attribute(`${id}.Arn`, resource)), options.secretValues))
    } else if (resource.Type === 'AWS::Scheduler::ScheduleGroup') {
      scheduleGroups.push(name)
    } else if (resource.Type === 'AWS::Lambda::Function' && directory !== undefined) {
      const arn = String(names.attribute(`${id}.Arn`, resource))
      functions.set(id, readFunction({ properties: await resolved(resource), name, arn, directory }))
    }
  }
  const signIn = (await clientOfRules(template, resolver)) ?? clientOfFunctions(functions.values(), secrets)
  return {
    template,
    region,
    resolver,
    loadBalancerArn: names.loadBalancerArn,
    secrets,
    tables,
    buckets,
    kmsKeys,
    scheduleGroups,
    functions,
    identities: await readIdentities({ template, resolver, region, account: LOCAL_ACCOUNT, functions }),
    mayInvoke: await readInvokePermissions({
      template,
      resolver,
      functionArn: (name) => functionArn(region, name),
    }),
    permissionsOf: await readRolePermissions({ template, resolver, region, account: LOCAL_ACCOUNT }),
    signIn,
  }
}

function readFunction(options: {
  properties: Properties
  name: string
  arn: string
  directory: string
}): FunctionDefinition {
  const { properties, name, arn, directory } = options
  const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: Record<string, unknown> }
  const reserved = properties.ReservedConcurrentExecutions
  return {
    name,
    arn,
    directory,
    handler: String(properties.Handler),
    // CloudFormation's own defaults.
    timeoutMs: Number(properties.Timeout ?? 3) * 1000,
    memoryMb: Number(properties.MemorySize ?? 128),
    environment: Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, String(value)])),
    reservedConcurrency: reserved === undefined ? undefined : Number(reserved),
  }
}

function readSecrets(options: DeploymentOptions, names: ResourceNames): LocalSecret[] {
  const secrets: LocalSecret[] = []
  for (const [id, resource] of Object.entries(options.template.Resources ?? {})) {
    if (resource.Type !== 'AWS::SecretsManager::Secret') continue
    const arn = names.physicalId(id, resource)
    const name = arn.split(':secret:')[1]?.replace(/-\w{6}$/, '') ?? id
    secrets.push({ arn, name, value: secretValue(name, resource.Properties ?? {}, options) })
  }
  return secrets
}

/** A key with a private half that is kept as secrets are: the same one at the next start. */
function readKmsKey(keyArn: string, secretValues: Map<string, string>): LocalKmsKey {
  const privateKeyPem = secretValues.get(keyArn) ?? newRsaKey()
  secretValues.set(keyArn, privateKeyPem)
  return { arn: keyArn, privateKeyPem }
}

function secretValue(name: string, properties: Properties, options: DeploymentOptions): string {
  const generate = (properties.GenerateSecretString ?? {}) as GenerateSecretString
  if (options.oidcClientSecret !== undefined && generate.GenerateStringKey === OIDC_CLIENT_SECRET_KEY) {
    return JSON.stringify({ [OIDC_CLIENT_SECRET_KEY]: options.oidcClientSecret })
  }
  // The template says only what a secret begins with.
  const { SecretString: first } = properties
  const value =
    options.secretValues.get(name) ?? (typeof first === 'string' ? first : generateSecretString(generate))
  options.secretValues.set(name, value)
  return value
}

function lookUp(secrets: readonly LocalSecret[], reference: DynamicReference): string {
  const secret = reference.service === 'secretsmanager' ? findSecret(secrets, reference.secretId) : undefined
  if (secret === undefined)
    throw new TypeError('the template refers to a secret or parameter that it does not make')
  return secret.value
}

/** The logical id of the function that a target's `Id` leads to, through its alias and version. */
export function functionBehind(template: CloudFormationTemplate, reference: unknown): string | undefined {
  let next: unknown = reference
  for (let step = 0; step < 4; step += 1) {
    const { Ref, 'Fn::GetAtt': getAtt } = (next ?? {}) as { Ref?: string; 'Fn::GetAtt'?: [string, string] }
    const logicalId = Ref ?? getAtt?.[0] ?? ''
    const resource = template.Resources?.[logicalId]
    if (resource?.Type === 'AWS::Lambda::Function') return logicalId
    next = resource?.Properties?.FunctionName
  }
  return undefined
}
