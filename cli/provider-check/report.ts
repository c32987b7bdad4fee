/** What was found, for people and for programs. */
import { AREAS, type Finding, type Level, quoted, shown } from './finding.ts'
import { toYaml } from './settings-block.ts'
import type { Vendor } from './vendor.ts'

export interface Report {
  readonly issuer: string
  readonly vendor: Vendor
  readonly findings: readonly Finding[]
  /** The part of `flyte.yaml`; undefined without a document to read it from. */
  readonly settings: object | undefined
}

const MARKS: Readonly<Record<Level, string>> = { ok: '✓', note: '·', advice: '!', change: '✗' }

/** Whether nothing has to change. */
export function isFit({ findings }: Report): boolean {
  return findings.every(({ level }) => level !== 'change')
}

/** The report as JSON: `ok`, the issuer, the recipe, each finding, and the settings. */
export function reportAsJson(report: Report): string {
  const { issuer, vendor, findings, settings } = report
  const recipe = recipeOf(vendor)
  return quoted({ ok: isFit(report), issuer, provider: vendor.title, recipe, findings, settings }, 2)
}

/** The report as lines to read. */
export function reportAsText(report: Report): string {
  const { issuer, vendor, findings, settings } = report
  const areas = AREAS.map((area) => ({ area, lines: findings.filter((one) => one.area === area) }))
  // Only an address says which product it is of, whether anybody is there or not.
  const isNone = settings === undefined && vendor.name === 'other'
  return [
    isNone
      ? `${shown(issuer)}\nThis does not look like an OpenID provider; see ${recipeOf(vendor)}.\n`
      : `${shown(issuer)}\nThis looks like ${vendor.title}; its recipe is ${recipeOf(vendor)}.\n`,
    ...areas
      .filter(({ lines }) => lines.length > 0)
      .map(({ area, lines }) => `${area}\n${lines.map(lineOf).join('')}`),
    `${verdict(report)}\n`,
    ...(settings === undefined ? [] : [`For flyte.yaml\n\n${toYaml(settings, '  ')}`]),
  ].join('\n')
}

function lineOf({ level, sentence, todo }: Finding): string {
  return `  ${MARKS[level]} ${sentence}\n${todo === undefined ? '' : `      → ${todo}\n`}`
}

function verdict(report: Report): string {
  const count = (level: Level) => report.findings.filter((one) => one.level === level).length
  const changes = count('change')
  const advice = count('advice')
  const things = (number: number) => (number === 1 ? '1 thing' : `${number} things`)
  const better = advice === 0 ? '' : ` ${things(advice)} could be better (!).`
  return changes === 0 ? `Nothing has to change.${better}` : `${things(changes)} must change (✗).${better}`
}

function recipeOf({ recipe }: Vendor): string {
  return `docs/identity-providers/${recipe}`
}
