/**
 * The short keys that Flyte's Helm chart has in its own `auth:` block (`oidc`, `flyteClient`, `enableAuthServer`,
 * `enabled`), moved to where the full configuration has them. A pasted block works either way.
 */
import type { Problem } from './problems.ts'

type Tree = { [key: string]: unknown }

const MOVES: readonly { from: string[]; to: string[] }[] = [
  { from: ['auth', 'oidc', 'baseUrl'], to: ['auth', 'userAuth', 'openId', 'baseUrl'] },
  { from: ['auth', 'oidc', 'clientId'], to: ['auth', 'userAuth', 'openId', 'clientId'] },
  { from: ['auth', 'flyteClient'], to: ['auth', 'appAuth', 'thirdPartyConfig', 'flyteClient'] },
]

/**
 * A copy of the document with the chart's short keys moved and empty keys (`key:` with nothing after it) left out.
 *
 * Reports a short key that contradicts its full one, and authentication that is switched off. Does not look at any
 * other value.
 */
export function resolveAliases(document: unknown): { document: unknown; problems: Problem[] } {
  const tree = withoutEmptyKeys(document)
  const problems: Problem[] = []
  if (!isTree(tree) || !isTree(tree.auth)) return { document: tree, problems }
  problems.push(...takeEnabled(tree.auth), ...takeEnableAuthServer(tree.auth))
  for (const { from, to } of MOVES) problems.push(...move(tree, from, to))
  if (isTree(tree.auth.oidc) && Object.keys(tree.auth.oidc).length === 0) delete tree.auth.oidc
  return { document: tree, problems }
}

function takeEnabled(auth: Tree): Problem[] {
  const { enabled } = auth
  delete auth.enabled
  return enabled === undefined || enabled === true
    ? []
    : [{ path: 'auth.enabled', message: 'must be true or left out: authentication cannot be switched off' }]
}

function takeEnableAuthServer(auth: Tree): Problem[] {
  const { enableAuthServer } = auth
  if (enableAuthServer === undefined) return []
  delete auth.enableAuthServer
  if (typeof enableAuthServer !== 'boolean') {
    return [{ path: 'auth.enableAuthServer', message: 'must be true or false' }]
  }
  auth.serverType = enableAuthServer ? 'Self' : 'External'
  return move(
    { auth },
    ['auth', 'serverType'],
    ['auth', 'appAuth', 'authServerType'],
    'auth.enableAuthServer',
  )
}

function move(tree: Tree, from: string[], to: string[], name = from.join('.')): Problem[] {
  const value = take(tree, from)
  if (value === undefined) return []
  const parent = makeParent(tree, to)
  const key = to.at(-1) ?? ''
  if (parent === undefined) return []
  if (parent[key] === undefined) {
    parent[key] = value
    return []
  }
  return JSON.stringify(parent[key]) === JSON.stringify(value)
    ? []
    : [{ path: name, message: `says something else than ${to.join('.')}; keep one of the two` }]
}

function take(tree: Tree, path: string[]): unknown {
  let parent: unknown = tree
  for (const key of path.slice(0, -1)) parent = isTree(parent) ? parent[key] : undefined
  if (!isTree(parent)) return undefined
  const key = path.at(-1) ?? ''
  const value = parent[key]
  delete parent[key]
  return value
}

function makeParent(tree: Tree, path: string[]): Tree | undefined {
  let parent = tree
  for (const key of path.slice(0, -1)) {
    parent[key] ??= {}
    const next = parent[key]
    if (!isTree(next)) return undefined
    parent = next
  }
  return parent
}

function withoutEmptyKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyKeys)
  if (!isTree(value)) return value
  const entries = Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined)
  return Object.fromEntries(entries.map(([key, entry]) => [key, withoutEmptyKeys(entry)]))
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
