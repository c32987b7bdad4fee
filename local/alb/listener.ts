import { type Action, parseActions } from './actions/parse.ts'
import { type Condition, compileCondition } from './conditions.ts'
import { TemplateError } from './errors.ts'
import type { AlbRequest } from './request.ts'
import { readAttributes, readTargetGroups, type TargetGroup } from './target-group.ts'
import type { CloudFormationResource, CloudFormationTemplate, Resolve } from './types.ts'

/** A rule with everything resolved and compiled. Priority 0 is the default action. */
export interface Rule {
  readonly priority: number
  readonly conditions: readonly Condition[]
  readonly actions: readonly Action[]
}

/** A listener, ready to choose rules. */
export interface Listener {
  /** By priority; the last one has no conditions. */
  readonly rules: readonly Rule[]
  readonly targetGroups: ReadonlyMap<string, TargetGroup>
  /** Attributes of the load balancer, such as `routing.http.drop_invalid_header_fields.enabled`. */
  readonly loadBalancerAttributes: ReadonlyMap<string, string>
  readonly listenerAttributes: ReadonlyMap<string, string>
}

type Properties = Readonly<Record<string, unknown>>

const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener'
const RULE = 'AWS::ElasticLoadBalancingV2::ListenerRule'
const NOT_FOUND: Action = { type: 'fixed-response', status: 404, contentType: undefined, body: '' }

export interface ReadListenerOptions {
  readonly template: CloudFormationTemplate
  /** Logical id, or the ARN of a listener that the template only adds rules to. */
  readonly listener: string | undefined
  readonly loadBalancerArn: string
  readonly resolve: Resolve
}

/**
 * Reads one listener and its rules from a template and resolves them once.
 *
 * Without a name it takes the only listener, or the only HTTPS one, or, if the template has no listener, the
 * one that its rules name by ARN; that one answers 404 by default, since its own default is not known here.
 *
 * @throws {TemplateError} if the choice is not clear or anything in a rule is not supported
 */
export async function readListener(options: ReadListenerOptions): Promise<Listener> {
  const { template, resolve, loadBalancerArn } = options
  const resources = Object.entries(template.Resources ?? {})
  const rules = resources.filter(([, resource]) => resource.Type === RULE)
  const chosen = options.listener ?? (await chooseListener(template, resolve))
  const properties = template.Resources?.[chosen]?.Properties
  const targetGroups = await readTargetGroups({ template, loadBalancerArn, resolve })
  const parse = (actions: unknown, where: string) => readActions(actions, where, targetGroups, resolve)

  const compiled: Rule[] = []
  for (const [logicalId, rule] of rules) {
    const where = `Resources.${logicalId}.Properties`
    if (!(await exists(rule, resolve))) continue
    if (!(await belongsTo(rule.Properties?.ListenerArn, chosen, resolve))) continue
    compiled.push(await readRule(rule.Properties ?? {}, where, resolve, parse))
  }
  compiled.sort((a, b) => a.priority - b.priority)
  assertDistinctPriorities(compiled)
  const defaults = properties
    ? await parse(properties.DefaultActions, `Resources.${chosen}.Properties.DefaultActions`)
    : [NOT_FOUND]
  compiled.push({ priority: 0, conditions: [], actions: defaults })
  if (properties?.Protocol === 'HTTP') assertNoAuthentication(compiled, chosen)
  return {
    rules: compiled,
    targetGroups,
    loadBalancerAttributes: await loadBalancerAttributes(template, properties?.LoadBalancerArn, resolve),
    listenerAttributes: readAttributes(await resolve(properties?.ListenerAttributes ?? [])),
  }
}

/** The rule that serves a request: the first, by priority, with all of its conditions satisfied. */
export function selectRule(listener: Listener, request: AlbRequest): Rule {
  const rule = listener.rules.find(({ conditions }) => conditions.every((satisfied) => satisfied(request)))
  // The default rule has no conditions, so there is always one.
  return rule as Rule
}

async function chooseListener(template: CloudFormationTemplate, resolve: Resolve): Promise<string> {
  const resources = Object.entries(template.Resources ?? {})
  const listeners = resources.filter(([, resource]) => resource.Type === LISTENER)
  const https = listeners.filter(([, resource]) => resource.Properties?.Protocol === 'HTTPS')
  const candidates = listeners.length === 1 ? listeners : https
  const only = candidates[0]
  if (only && candidates.length === 1) return only[0]
  if (listeners.length > 0) {
    const names = listeners.map(([name]) => name).join(', ')
    throw new TemplateError('Resources', `say which listener to serve: ${names}`)
  }
  const named = resources.filter(([, resource]) => resource.Type === RULE)
  const arns = new Set(await Promise.all(named.map(([, rule]) => resolve(rule.Properties?.ListenerArn))))
  const [arn] = arns
  if (arns.size === 1 && typeof arn === 'string') return arn
  throw new TemplateError('Resources', 'there is no listener to serve')
}

/** Whether a resource's own condition, if it has one, lets it be created. */
async function exists(resource: CloudFormationResource, resolve: Resolve): Promise<boolean> {
  return (
    resource.Condition === undefined ||
    (await resolve({ 'Fn::If': [resource.Condition, true, false] })) === true
  )
}

async function belongsTo(reference: unknown, listener: string, resolve: Resolve): Promise<boolean> {
  const ref = refOf(reference)
  if (ref === listener) return true
  return ref === undefined && (await resolve(reference)) === listener
}

async function readRule(
  properties: Properties,
  where: string,
  resolve: Resolve,
  parse: (actions: unknown, where: string) => Promise<Action[]>,
): Promise<Rule> {
  if (properties.Transforms !== undefined) throw new TemplateError(where, 'Transforms are not supported')
  const conditions = ((await resolve(properties.Conditions ?? [])) ?? []) as Properties[]
  return {
    priority: Number(await resolve(properties.Priority)),
    conditions: conditions.map((condition, at) => compileCondition(condition, `${where}.Conditions.${at}`)),
    actions: await parse(properties.Actions, `${where}.Actions`),
  }
}

async function readActions(
  actions: unknown,
  where: string,
  targetGroups: ReadonlyMap<string, TargetGroup>,
  resolve: Resolve,
): Promise<Action[]> {
  // A reference to a target group is kept as it is: it names the group better than any ARN made from it.
  const kept = keepTargetGroups(actions, targetGroups)
  const resolved = await resolve(kept)
  return parseActions(resolved, where, (reference) => findTargetGroup(reference, targetGroups))
}

const TARGET_GROUP_MARK = 'target-group:'

function keepTargetGroups(value: unknown, groups: ReadonlyMap<string, TargetGroup>): unknown {
  if (Array.isArray(value)) return value.map((item) => keepTargetGroups(item, groups))
  const ref = refOf(value)
  if (ref !== undefined) return groups.has(ref) ? `${TARGET_GROUP_MARK}${ref}` : value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keepTargetGroups(item, groups)]))
}

function findTargetGroup(
  reference: unknown,
  groups: ReadonlyMap<string, TargetGroup>,
): TargetGroup | undefined {
  if (typeof reference !== 'string') return undefined
  if (reference.startsWith(TARGET_GROUP_MARK)) return groups.get(reference.slice(TARGET_GROUP_MARK.length))
  return [...groups.values()].find((group) => group.arn === reference)
}

function refOf(value: unknown): string | undefined {
  const ref = typeof value === 'object' && value !== null ? (value as { Ref?: unknown }).Ref : undefined
  return typeof ref === 'string' ? ref : undefined
}

function assertDistinctPriorities(rules: readonly Rule[]): void {
  rules.forEach((rule, at) => {
    if (!Number.isInteger(rule.priority) || rule.priority < 1 || rule.priority === rules[at - 1]?.priority) {
      throw new TemplateError('Resources', `priority ${rule.priority} is not a number of one rule`)
    }
  })
}

/** AWS refuses both on an HTTP listener, so a template with them would not deploy. */
function assertNoAuthentication(rules: readonly Rule[], listener: string): void {
  const found = rules.flatMap((rule) => rule.actions).some((action) => isAuthentication(action))
  if (found) throw new TemplateError(`Resources.${listener}`, 'an HTTP listener cannot authenticate')
}

function isAuthentication(action: Action): boolean {
  return action.type === 'authenticate-oidc' || action.type === 'jwt-validation'
}

async function loadBalancerAttributes(
  template: CloudFormationTemplate,
  reference: unknown,
  resolve: Resolve,
): Promise<ReadonlyMap<string, string>> {
  const ref = refOf(reference)
  const properties = ref === undefined ? undefined : template.Resources?.[ref]?.Properties
  return readAttributes(await resolve(properties?.LoadBalancerAttributes ?? []))
}
