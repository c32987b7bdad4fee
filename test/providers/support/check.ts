/** `npm run provider:check`, asked for JSON and given a token. */
import { providerCheck } from '../../../cli/provider-check/main.ts'

export interface CheckOutcome {
  readonly ok: boolean
  /** What it says must change. */
  readonly changes: readonly string[]
}

interface Finding {
  readonly level: string
  readonly sentence: string
}

/** Runs the command in this process. */
export async function checkProvider(args: readonly string[], token: string): Promise<CheckOutcome> {
  let output = ''
  const exitCode = await providerCheck([...args, '--token-file', '-', '--json'], {
    stdin: (async function* () {
      yield token
    })(),
    stdout: (text) => {
      output += text
    },
    stderr: (text) => {
      output += text
    },
    nowMs: Date.now,
  })
  const { ok, findings } = JSON.parse(output) as { ok: boolean; findings: readonly Finding[] }
  const changes = findings.filter(({ level }) => level === 'change').map(({ sentence }) => sentence)
  return { ok: ok && exitCode === 0, changes }
}
