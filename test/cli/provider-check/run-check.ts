/** The command, with what it reads and writes in the hands of a test. */
import { providerCheck } from '../../../cli/provider-check/main.ts'
import { NOW_SECONDS } from '../../support/described-provider.ts'

export interface CheckRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface CheckReport {
  readonly exitCode: number
  readonly ok: boolean
  readonly issuer: string
  readonly provider: string
  readonly recipe: string
  readonly settings: unknown
  /** The level of each check, by its name. */
  readonly levels: Readonly<Record<string, string>>
  readonly sentences: Readonly<Record<string, string>>
  readonly todos: Readonly<Record<string, string>>
  readonly text: string
}

/** Runs it in this process. */
export async function runCheck(argv: readonly string[], stdin = ''): Promise<CheckRun> {
  const output = { stdout: '', stderr: '' }
  const exitCode = await providerCheck(argv, {
    stdin: (async function* () {
      yield Buffer.from(stdin)
    })(),
    stdout: (text) => {
      output.stdout += text
    },
    stderr: (text) => {
      output.stderr += text
    },
    nowMs: () => NOW_SECONDS * 1000,
  })
  return { exitCode, ...output }
}

interface Finding {
  readonly check: string
  readonly level: string
  readonly sentence: string
  readonly todo?: string
}

/** Runs it with `--json` and reads the report. */
export async function check(argv: readonly string[], stdin = ''): Promise<CheckReport> {
  const { exitCode, stdout } = await runCheck([...argv, '--json'], stdin)
  const report = JSON.parse(stdout)
  const findings = report.findings as readonly Finding[]
  const by = <K extends keyof Finding>(field: K) =>
    Object.fromEntries(findings.map((finding) => [finding.check, finding[field] ?? '']))
  return {
    ...report,
    exitCode,
    levels: by('level'),
    sentences: by('sentence'),
    todos: by('todo'),
    text: stdout,
  }
}
