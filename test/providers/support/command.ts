/** Other programs: run to their end, or started and waited for. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Outcome {
  /** Null if it was not there, or was stopped. */
  readonly status: number | null
  readonly output: string
}

type Environment = Readonly<Record<string, string>>

/** Runs a program to its end. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Environment; timeoutMs?: number } = {},
): Outcome {
  const { cwd, env = {}, timeoutMs = 60_000 } = options
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    cwd,
    env: { ...process.env, ...env },
    timeout: timeoutMs,
    maxBuffer: 64 * 1024 * 1024,
  })
  return { status, output: `${stdout ?? ''}${stderr ?? ''}` }
}

export interface RunningServer {
  /** Ends it, and what it started. */
  close(): Promise<void>
}

const LAST_LINES = 40
const POLL_MS = 100
const STARTS_WITHIN_MS = 300_000

/**
 * Starts a server and answers once it answers.
 *
 * @param options.isReady Asked again and again; true ends the waiting.
 * @throws {Error} with its last lines, if it ends or is not ready in time.
 */
export async function startServer(options: {
  command: string
  args: readonly string[]
  cwd: string
  env?: Environment
  isReady: () => Promise<boolean>
}): Promise<RunningServer> {
  const { command, args, cwd, env = {}, isReady } = options
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: scripts start the server as a child of theirs.
    detached: true,
  })
  const lines = collectLines(child)
  const server = { close: () => stop(child) }
  const deadlineMs = performance.now() + STARTS_WITHIN_MS
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadlineMs) {
      await server.close()
      throw new Error(`The identity provider did not start.\n${lines().join('\n')}`)
    }
    await sleep(POLL_MS)
  }
  return server
}

function collectLines(child: ChildProcess): () => string[] {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).split('\n').slice(-LAST_LINES).join('\n')
    })
  }
  return () => text.split('\n')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGTERM')
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), 10_000)
  await ended
  clearTimeout(timer)
}
