/** The project's own files, parsed: what each imports, exports and mentions. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseAst } from 'vitest/node'

export const ROOT = join(import.meta.dirname, '../..')

/** The folders whose code is the project; tests have rules of their own. */
export const SOURCE_FOLDERS = ['bin', 'lib', 'functions', 'local', 'cli'] as const

export interface Import {
  /** A path from the project's root for our own files, such as `functions/shared/call.ts`; else as written. */
  readonly target: string
  readonly isOwn: boolean
  /** Whether it is gone once types are stripped. */
  readonly isType: boolean
}

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly hasDefaultExport: boolean
  /** Each function with a body, outer ones included, by where it starts and how many lines it has. */
  readonly functions: readonly { readonly line: number; readonly lines: number }[]
  /** What the code uses, such as `process.env`, `new Date()` or `randomBytes()`; not what a comment or text says. */
  readonly uses: ReadonlySet<string>
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** The parsed files of some folders, in a stable order. */
export function sourceFiles(folders: readonly string[] = SOURCE_FOLDERS): SourceFile[] {
  return folders.flatMap((folder) => filesBelow(folder)).map(parseFile)
}

/** The paths of all files below a folder, from the project's root. */
export function filesBelow(folder: string, extension = '.ts'): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  const found = names.filter((name) => name.endsWith(extension)).sort()
  return found.map((name) => posix.join(folder, name.replaceAll('\\', '/')))
}

function parseFile(path: string): SourceFile {
  return parseText(path, readFileSync(join(ROOT, path), 'utf8'))
}

/** Parses a text as if it were a file of the project. */
export function parseText(path: string, text: string): SourceFile {
  const nodes = [...walk(parseAst(text, { lang: 'ts' }) as unknown as Node)]
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length
  return {
    path,
    text,
    lines: text.split('\n').length - 1,
    imports: nodes.flatMap((node) => importOf(node, path)),
    hasDefaultExport: nodes.some(isDefaultExport),
    functions: nodes.filter(isFunction).map(({ start, end }) => {
      return { line: lineOf(start), lines: lineOf(end) - lineOf(start) + 1 }
    }),
    uses: new Set(nodes.flatMap(usesOf)),
  }
}

function* walk(node: Node): Generator<Node> {
  yield node
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string'
}

function importOf(node: Node, path: string): Import[] {
  const isStatic = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration'].includes(node.type)
  const isOther = node.type === 'ImportExpression' || node.type === 'TSImportType'
  const source = node.source
  if (!(isStatic || isOther) || !isNode(source)) return []
  if (typeof source.value !== 'string') return [{ target: '(computed)', isOwn: false, isType: false }]
  const isOwn = source.value.startsWith('.')
  const target = isOwn ? posix.join(posix.dirname(path), source.value) : source.value
  return [{ target, isOwn, isType: node.type === 'TSImportType' || isTypeOnly(node) }]
}

/** `import type`, or a list of names each marked `type`. */
function isTypeOnly(node: Node): boolean {
  if (node.importKind === 'type' || node.exportKind === 'type') return true
  const names = (node.specifiers ?? []) as Node[]
  return names.length > 0 && names.every((name) => name.importKind === 'type' || name.exportKind === 'type')
}

function isDefaultExport(node: Node): boolean {
  if (node.type === 'ExportDefaultDeclaration') return true
  return node.type === 'ExportSpecifier' && (node.exported as Node).name === 'default'
}

function isFunction(node: Node): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type)
}

function usesOf(node: Node): string[] {
  if (node.type === 'MemberExpression') return [`${nameOf(node.object)}.${nameOf(node.property)}`]
  if (node.type === 'CallExpression') return [`${nameOf(node.callee)}()`]
  if (node.type !== 'NewExpression') return []
  return [`new ${nameOf(node.callee)}(${(node.arguments as Node[]).length === 0 ? '' : '…'})`]
}

/** The last name in an expression: `b` in `a.b`. */
function nameOf(value: unknown): string {
  if (!isNode(value)) return '?'
  if (value.type === 'MemberExpression') return nameOf(value.property)
  return typeof value.name === 'string' ? value.name : '?'
}

/** Whether a path is a folder's, or below it. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** The project's `package.json`. */
export function packageJson(): Readonly<Record<'dependencies' | 'devDependencies', Record<string, string>>> {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
}

/** The package of an import: `@a/b` of `@a/b/c`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
