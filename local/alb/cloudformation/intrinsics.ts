import { TemplateError } from '../errors.ts'

/** What `AWS::NoValue` resolves to, until the list or object around it drops it. */
export const NO_VALUE: unique symbol = Symbol('AWS::NoValue')

/** One call of an intrinsic function. */
export interface Intrinsic {
  readonly name: string
  readonly argument: unknown
}

/** What the functions need of the template around them. */
export interface IntrinsicScope {
  readonly ref: (name: string) => unknown
  readonly getAtt: (logicalId: string, attribute: string) => unknown
  readonly holds: (condition: string) => Promise<boolean>
  readonly resolve: (value: unknown) => Promise<unknown>
  readonly mappings: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>
}

/** The function an object stands for, if it has one key and that names a function. */
export function intrinsicOf(value: object): Intrinsic | undefined {
  const [entry, ...more] = Object.entries(value)
  if (!entry || more.length > 0) return undefined
  const [name, argument] = entry
  const isFunction = name === 'Ref' || name.startsWith('Fn::')
  // { "Condition": "Name" } is a function in conditions only; elsewhere it is a field like any other.
  return isFunction ? { name, argument } : undefined
}

type Evaluate = (argument: unknown, scope: IntrinsicScope) => unknown

const FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  Ref: (argument, { ref }) => ref(text(argument, 'Ref')),
  'Fn::GetAtt': getAtt,
  'Fn::Join': join,
  'Fn::Sub': substitute,
  'Fn::Select': select,
  'Fn::Split': split,
  'Fn::If': choose,
  'Fn::FindInMap': findInMap,
  'Fn::Base64': async (argument, { resolve }) =>
    Buffer.from(text(await resolve(argument), 'Fn::Base64')).toString('base64'),
  'Fn::Equals': async (argument, { resolve }) => {
    const [left, right] = list(await resolve(argument), 'Fn::Equals')
    return String(left) === String(right)
  },
  'Fn::Not': async (argument, scope) => !(await truth(list(argument, 'Fn::Not')[0], scope)),
  'Fn::And': async (argument, scope) => (await truths(argument, 'Fn::And', scope)).every(Boolean),
  'Fn::Or': async (argument, scope) => (await truths(argument, 'Fn::Or', scope)).some(Boolean),
}

/** Evaluates one function. @throws {TemplateError} if it is not supported or its arguments make no sense */
export async function evaluateIntrinsic(
  { name, argument }: Intrinsic,
  scope: IntrinsicScope,
): Promise<unknown> {
  const evaluate = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (!evaluate) throw new TemplateError(name, 'this function is not supported')
  return evaluate(argument, scope)
}

async function getAtt(argument: unknown, scope: IntrinsicScope): Promise<unknown> {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.')
    return scope.getAtt(argument.slice(0, dot), argument.slice(dot + 1))
  }
  const [logicalId, attribute] = list(argument, 'Fn::GetAtt')
  return scope.getAtt(text(logicalId, 'Fn::GetAtt'), text(await scope.resolve(attribute), 'Fn::GetAtt'))
}

async function join(argument: unknown, { resolve }: IntrinsicScope): Promise<string> {
  const [separator, items] = list(argument, 'Fn::Join')
  const resolved = list(await resolve(items), 'Fn::Join')
  return resolved.map((item) => text(item, 'Fn::Join')).join(text(separator, 'Fn::Join'))
}

async function substitute(argument: unknown, scope: IntrinsicScope): Promise<string> {
  const [template, variables = {}] = Array.isArray(argument) ? argument : [argument]
  const given = (await scope.resolve(variables)) as Readonly<Record<string, unknown>>
  return text(template, 'Fn::Sub').replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`
    const key = name.trim()
    if (Object.hasOwn(given, key)) return text(given[key], 'Fn::Sub')
    const dot = key.indexOf('.')
    const value = dot < 0 ? scope.ref(key) : scope.getAtt(key.slice(0, dot), key.slice(dot + 1))
    return text(value, 'Fn::Sub')
  })
}

async function select(argument: unknown, { resolve }: IntrinsicScope): Promise<unknown> {
  const [index, items] = list(await resolve(argument), 'Fn::Select')
  const chosen = list(items, 'Fn::Select')[Number(index)]
  if (chosen === undefined) throw new TemplateError('Fn::Select', 'there is no item at that index')
  return chosen
}

async function split(argument: unknown, { resolve }: IntrinsicScope): Promise<string[]> {
  const [separator, source] = list(await resolve(argument), 'Fn::Split')
  return text(source, 'Fn::Split').split(text(separator, 'Fn::Split'))
}

async function choose(argument: unknown, { holds, resolve }: IntrinsicScope): Promise<unknown> {
  const [condition, whenTrue, whenFalse] = list(argument, 'Fn::If')
  return resolve((await holds(text(condition, 'Fn::If'))) ? whenTrue : whenFalse)
}

async function findInMap(argument: unknown, { resolve, mappings }: IntrinsicScope): Promise<unknown> {
  const [map, top, second] = list(await resolve(argument), 'Fn::FindInMap').map(String)
  const value = mappings[map ?? '']?.[top ?? '']?.[second ?? '']
  if (value === undefined) throw new TemplateError('Fn::FindInMap', 'the mapping has no such keys')
  return value
}

async function truths(argument: unknown, name: string, scope: IntrinsicScope): Promise<boolean[]> {
  return Promise.all(list(argument, name).map((item) => truth(item, scope)))
}

async function truth(value: unknown, scope: IntrinsicScope): Promise<boolean> {
  const named = typeof value === 'object' && value !== null ? (value as { Condition?: unknown }) : {}
  if (typeof named.Condition === 'string') return scope.holds(named.Condition)
  return (await scope.resolve(value)) === true
}

function list(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw new TemplateError(name, 'takes a list')
  return value
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TemplateError(name, 'takes texts')
}
