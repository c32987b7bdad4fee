/**
 * `flyte.yaml` → {@link Settings}: typed, complete and free of contradictions, or a {@link SettingsError} that lists
 * everything that is wrong at once.
 */
import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import type * as z from 'zod'
import type { Route } from '../../functions/shared/routes.ts'
import { resolveAliases } from './aliases.ts'
import { crossChecks } from './checks.ts'
import { splitUnknownKeys } from './fields.ts'
import type { Problem } from './problems.ts'
import { SettingsError } from './problems.ts'
import type { Resolved } from './resolve.ts'
import { resolve, routesOfDeployment } from './resolve.ts'
import type { SettingsFile } from './schema.ts'
import { fileSchema } from './schema.ts'

/** The settings of one deployment: the file with its defaults, and what follows from several of its keys. */
export interface Settings extends SettingsFile {
  readonly resolved: Resolved
}

export interface ParseOptions {
  /** What to call the source in messages. Default `flyte.yaml`. */
  readonly source?: string
  /** The route table that the settings are for. Default: the one that they ask for. */
  readonly routes?: readonly Route[]
}

/**
 * Reads and validates a settings file.
 *
 * @throws {SettingsError} also when the file is missing or not YAML.
 */
export function readSettings(path: string): Settings {
  return parseSettings(readFile(path), { source: path })
}

/**
 * Validates the text of a settings file.
 *
 * @throws {SettingsError} with every problem, in the order of the keys of the schema.
 */
export function parseSettings(yaml: string, options: ParseOptions = {}): Settings {
  const { source = 'flyte.yaml' } = options
  const { document, problems } = resolveAliases(parseYaml(yaml, source))
  const { draft, issues } = validateShape(document)
  const routes = options.routes ?? routesOfDeployment(draft)
  problems.push(...issues.flatMap(problemsOf), ...crossChecks(draft, issues, routes))
  if (problems.length > 0) throw new SettingsError(problems, source)
  return { ...draft, resolved: resolve(draft) }
}

/** The values that passed, also when others did not: that is what lets the cross checks run all the same. */
function validateShape(document: unknown): { draft: SettingsFile; issues: z.core.$ZodIssue[] } {
  let draft: unknown = {}
  const capture = (value: unknown): boolean => {
    draft = value
    return true
  }
  const result = fileSchema.refine(capture, { when: () => true }).safeParse(document)
  return { draft: draft as SettingsFile, issues: result.error?.issues ?? [] }
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String)
  if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }]
  return splitUnknownKeys(issue.message).map(({ key, sentence }) => ({
    path: [...path, key].join('.'),
    message: sentence,
  }))
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new SettingsError(
      [{ path: '', message: 'the file cannot be read; check the path and the permissions' }],
      path,
    )
  }
}

function parseYaml(text: string, source: string): unknown {
  const document = parseDocument(text)
  const problems = document.errors.map(({ code, linePos }) => ({
    path: `line ${linePos?.[0].line ?? 1}`,
    message: `is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
  }))
  if (problems.length > 0) throw new SettingsError(problems, source)
  return document.toJS() ?? {}
}
