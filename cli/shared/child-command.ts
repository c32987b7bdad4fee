/** Other commands of the machine. What is secret goes to them through their standard input. */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface CommandResult {
  /** Null if it could not be started, or did not end in time. */
  readonly status: number | null
  readonly stdout: string
}

/** Runs a command to its end, or kills it after `timeoutMs`. Never rejects; what it complains about is not kept. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: {
    readonly input?: string
    readonly timeoutMs: number
    readonly environment: Readonly<Record<string, string | undefined>>
  },
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...options.environment } as NodeJS.ProcessEnv,
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs)
    const end = (status: number | null) => {
      clearTimeout(timer)
      resolve({ status, stdout: Buffer.concat(chunks).toString('utf8') })
    }
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', () => end(null))
    child.once('close', end)
    // A command that ends without reading closes its side.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}

/** Where a command is on PATH; undefined if it is not there. */
export function findCommand(name: string, path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
