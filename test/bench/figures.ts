/** Figures of a benchmark: medians, quantiles, and the table that people read. */

/** One line of the result: a key for programs, and the words around it for people. */
export interface Figure {
  readonly key: string
  readonly value: number
  readonly unit: string
  /** What the figure should stay within, if anything. */
  readonly target?: number
  readonly note: string
}

/** The value below which a share of the samples lies, by the nearest rank. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5)

/** Three significant digits: more would be noise. */
export const rounded = (value: number): number => Number(value.toPrecision(3))

/** Prints a table, the targets beside what was measured. */
export function printTable(figures: readonly Figure[]): void {
  const width = Math.max(...figures.map((figure) => figure.key.length))
  for (const { key, value, unit, target, note } of figures) {
    const verdict =
      target === undefined ? '' : value <= target ? ` ≤ ${target}` : ` > ${target}  over its target`
    console.log(`${key.padEnd(width)}  ${`${rounded(value)} ${unit}${verdict}`.padEnd(24)}  ${note}`)
  }
}

/** The same figures as one flat JSON object. */
export function printJson(figures: readonly Figure[]): void {
  console.log(JSON.stringify(Object.fromEntries(figures.map(({ key, value }) => [key, rounded(value)]))))
}
