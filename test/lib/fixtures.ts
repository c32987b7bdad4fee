/** A complete set of settings for the tests of `lib/`, and ways to change one thing about it. */
import { Template } from 'aws-cdk-lib/assertions'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { stringify } from 'yaml'
import { SettingsError } from '../../lib/settings/problems.ts'
import type { ParseOptions, Settings } from '../../lib/settings/settings.ts'
import { parseSettings } from '../../lib/settings/settings.ts'
import { createApp } from '../../lib/synthesize.ts'

export type Tree = { [key: string]: unknown }

/** The least that a deployment needs to say, plus the names in Route 53. */
const MINIMAL: Tree = {
  aws: { region: 'eu-west-1' },
  domain: { hostedZoneId: 'Z0123456789EXAMPLE', zoneName: 'example.com' },
  auth: {
    authorizedUris: ['https://flyte.example.com'],
    userAuth: {
      openId: {
        baseUrl: 'https://id.example.com',
        clientId: 'flyte-console',
        authorizationEndpoint: 'https://id.example.com/authorize',
        tokenEndpoint: 'https://id.example.com/token',
        userInfoEndpoint: 'https://id.example.com/userinfo',
      },
    },
    appAuth: {
      externalAuthServer: { jwksUri: 'https://id.example.com/keys' },
      thirdPartyConfig: { flyteClient: { clientId: 'flyte-cli' } },
    },
  },
}

export const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d'

/** A listener that others use too; names are not made there. */
export const EXISTING: Tree = {
  domain: { hostedZoneId: undefined, zoneName: undefined },
  loadBalancer: {
    existing: {
      arn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shared/0123456789abcdef',
      listenerArn:
        'arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/0123456789abcdef/fedcba9876543210',
      basePriority: 500,
    },
  },
}

/** The change that makes the deployment its own authorization server. */
export function self(selfAuthServer: Tree = {}, appAuth: Tree = {}): Tree {
  const nothingElse = { externalAuthServer: undefined, thirdPartyConfig: undefined }
  return { auth: { appAuth: { ...nothingElse, authServerType: 'Self', selfAuthServer, ...appAuth } } }
}

/** The minimal settings as a document, with `change` merged in; `undefined` removes a key. */
export function documentWith(change: Tree = {}): Tree {
  return merge(MINIMAL, change)
}

export function settingsWith(change: Tree = {}, options: ParseOptions = {}): Settings {
  return parseSettings(stringify(documentWith(change)), options)
}

/** The paths of the problems that a change makes; empty when it is accepted. */
export function problemPathsOf(change: Tree, options: ParseOptions = {}): string[] {
  try {
    settingsWith(change, options)
    return []
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(({ path }) => path)
    throw error
  }
}

/** The template of the stack, with a line of code in the place of every bundle. */
export function templateWith(change: Tree = {}): Template {
  const key = JSON.stringify(documentWith(change))
  const template = templates.get(key) ?? Template.fromStack(appWith(change).stack)
  templates.set(key, template)
  return template
}

/** Templates are only read, and making one takes a while. */
const templates = new Map<string, Template>()

export function appWith(change: Tree = {}, checks = false) {
  const codeFor = () => Code.fromInline('export const handler = () => {}')
  return createApp({ settings: settingsWith(change), codeFor, checks })
}

/** A value with references in it as one string: `<Name>` for Ref and `<Name.Attribute>` for GetAtt. */
export function flat(value: unknown): string {
  if (typeof value === 'string') return value
  const [name, content] = Object.entries(value as Tree)[0] ?? []
  if (name === 'Ref') return `<${String(content)}>`
  if (name === 'Fn::GetAtt') return `<${(content as string[]).join('.')}>`
  const [delimiter, items] = content as [string, unknown[]]
  return items.map(flat).join(delimiter)
}

function merge(base: Tree, change: Tree): Tree {
  const merged: Tree = { ...base }
  for (const [key, value] of Object.entries(change)) {
    const before = merged[key]
    if (value === undefined) delete merged[key]
    else merged[key] = isTree(before) && isTree(value) ? merge(before, value) : value
  }
  return merged
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export interface Resource {
  readonly Type: string
  readonly Properties: Tree
  readonly DependsOn?: readonly string[]
  readonly DeletionPolicy?: string
}

/** The resources of one type by logical id. */
export function resourcesOf(template: Template, type: string): [id: string, resource: Resource][] {
  return Object.entries(template.findResources(type)) as [string, Resource][]
}

/** The only resource of a type whose logical id starts with `prefix`. */
export function resourceOf(template: Template, type: string, prefix = ''): Resource {
  const found = resourcesOf(template, type).filter(([id]) => id.startsWith(prefix))
  const [first] = found
  if (first === undefined || found.length > 1)
    throw new Error(`${found.length} resources of ${type} ${prefix}`)
  return first[1]
}
