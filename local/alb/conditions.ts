import { BlockList, isIPv6 } from 'node:net'
import { TemplateError } from './errors.ts'
import { compileGlob, type Matcher } from './glob.ts'
import { type AlbRequest, hostName } from './request.ts'

/** Decides whether a request satisfies one condition of a rule. */
export type Condition = (request: AlbRequest) => boolean

type Properties = Readonly<Record<string, unknown>>

/**
 * Compiles one resolved condition of a listener rule.
 *
 * As documented: a condition is satisfied if one of its values matches; host names, header names and values
 * and query strings ignore case, paths and methods do not; `*` and `?` are wildcards in all of them but
 * header names, methods and addresses. A repeated header satisfies if one of its values does. Paths and
 * queries are compared as they were sent, percent-encoded.
 *
 * @throws {TemplateError} for a condition this load balancer does not support, such as a regular expression over
 *   anything but a header
 */
export function compileCondition(condition: Properties, where: string): Condition {
  const field = condition.Field
  switch (field) {
    case 'path-pattern':
      return pathCondition(valuesOf(condition, 'PathPatternConfig', where))
    case 'host-header':
      return hostCondition(valuesOf(condition, 'HostHeaderConfig', where))
    case 'http-header':
      return headerCondition(condition, where)
    case 'http-request-method':
      return methodCondition(valuesOf(condition, 'HttpRequestMethodConfig', where))
    case 'query-string':
      return queryCondition(condition, where)
    case 'source-ip':
      return sourceCondition(valuesOf(condition, 'SourceIpConfig', where), where)
    default:
      throw new TemplateError(where, `condition field ${JSON.stringify(field)} is not supported`)
  }
}

/** Splits a query into undecoded pairs; a name without `=` has an empty value. */
export function queryPairs(query: string): [key: string, value: string][] {
  const pairs: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const mark = part.indexOf('=')
    pairs.push(mark < 0 ? [part, ''] : [part.slice(0, mark), part.slice(mark + 1)])
  }
  return pairs
}

function pathCondition(patterns: string[]): Condition {
  const matches = anyOf(patterns.map((pattern) => compileGlob(pattern, { ignoreCase: false })))
  return (request) => matches(request.path)
}

function hostCondition(patterns: string[]): Condition {
  const matches = anyOf(patterns.map((pattern) => compileGlob(pattern, { ignoreCase: true })))
  return (request) => request.host !== undefined && matches(hostName(request.host))
}

function headerCondition(condition: Properties, where: string): Condition {
  const config = configOf(condition, 'HttpHeaderConfig')
  if (typeof config.HttpHeaderName !== 'string') throw new TemplateError(where, 'HttpHeaderName is missing')
  const name = config.HttpHeaderName.toLowerCase()
  const matches = anyOf(headerMatchers(condition, config.RegexValues, where))
  return (request) => request.headers.some((field) => field[0] === name && matches(field[1]))
}

function headerMatchers(condition: Properties, regexes: unknown, where: string): Matcher[] {
  if (regexes === undefined) {
    return valuesOf(condition, 'HttpHeaderConfig', where).map((pattern) =>
      compileGlob(pattern, { ignoreCase: true }),
    )
  }
  if (!Array.isArray(regexes) || regexes.length === 0)
    throw new TemplateError(where, 'RegexValues are missing')
  return regexes.map((regex) => compileRegex(String(regex), where))
}

const MAX_REGEX_LENGTH = 128
/** What JavaScript has and a load balancer refuses: looking around, looking back, and classes of Unicode. */
const NOT_IN_A_LISTENER = /\(\?[=!<]|\\[1-9pPk]/

function compileRegex(regex: string, where: string): Matcher {
  if (regex.length > MAX_REGEX_LENGTH || NOT_IN_A_LISTENER.test(regex)) {
    throw new TemplateError(
      where,
      `a load balancer does not take the regular expression ${JSON.stringify(regex)}`,
    )
  }
  try {
    const compiled = new RegExp(regex)
    return (text) => compiled.test(text)
  } catch (cause) {
    throw new TemplateError(where, `${JSON.stringify(regex)} is not a regular expression`, { cause })
  }
}

function methodCondition(methods: string[]): Condition {
  return (request) => methods.includes(request.method)
}

function queryCondition(condition: Properties, where: string): Condition {
  const values = configOf(condition, 'QueryStringConfig').Values
  if (!Array.isArray(values) || values.length === 0) throw new TemplateError(where, 'Values are missing')
  const options = { ignoreCase: true, escapes: true }
  const wanted = values.map((pair: { Key?: unknown; Value?: unknown }) => ({
    key: pair.Key === undefined ? undefined : compileGlob(String(pair.Key), options),
    value: compileGlob(String(pair.Value ?? ''), options),
  }))
  return (request) =>
    queryPairs(request.query).some(([key, value]) =>
      wanted.some((pair) => (pair.key === undefined || pair.key(key)) && pair.value(value)),
    )
}

function sourceCondition(ranges: string[], where: string): Condition {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/')
    try {
      list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
    } catch (cause) {
      throw new TemplateError(where, `${JSON.stringify(range)} is not a CIDR range`, { cause })
    }
  }
  return ({ clientIp }) => list.check(clientIp, isIPv6(clientIp) ? 'ipv6' : 'ipv4')
}

function anyOf(matchers: readonly Matcher[]): Matcher {
  const only = matchers[0]
  if (only && matchers.length === 1) return only
  return (text) => matchers.some((matches) => matches(text))
}

function configOf(condition: Properties, name: string): Properties {
  return (condition[name] ?? {}) as Properties
}

function valuesOf(condition: Properties, configName: string, where: string): string[] {
  const config = configOf(condition, configName)
  if (config.RegexValues !== undefined) throw new TemplateError(where, 'RegexValues are not supported')
  // Path and host conditions may also be written the first way, with Values beside Field.
  const values = config.Values ?? condition.Values
  if (!Array.isArray(values) || values.length === 0) throw new TemplateError(where, 'Values are missing')
  return values.map(String)
}
