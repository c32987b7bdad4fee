/** A machine with flyte-token on it: a home folder of its own, and the command as it is typed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const COMMAND = join(import.meta.dirname, '..', '..', '..', '..', 'bin', 'flyte-token.ts')

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Somebody in front of the screen: is given the address to open, once it is shown. */
  readonly onAddress?: (address: string) => unknown
  /** Is given the process, to end it. */
  readonly onStart?: (child: ChildProcess) => void
  /** What is run instead of the command in the project. */
  readonly command?: string
}

export interface Laptop {
  readonly home: string
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>
  dispose(): Promise<void>
}

/** Makes one. Nothing of the machine that the tests run on is in its environment but PATH. */
export async function createLaptop(): Promise<Laptop> {
  const home = await mkdtemp(join(tmpdir(), 'flyte-token-'))
  const running = new Set<ChildProcess>()
  return {
    home,
    async run(args, options = {}) {
      const { env = {}, command = COMMAND } = options
      const child = spawn(process.execPath, [command, ...args], {
        cwd: home,
        env: { PATH: process.env.PATH, HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      running.add(child)
      options.onStart?.(child)
      return outcomeOf(child, options.onAddress).finally(() => running.delete(child))
    },
    async dispose() {
      for (const child of running) child.kill('SIGKILL')
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** A command that does not end is a failure of its own; its outcome then has no status. */
const MAX_RUN_MS = 30_000

function outcomeOf(child: ChildProcess, onAddress: RunOptions['onAddress']): Promise<Outcome> {
  const [stdout, stderr]: [string[], string[]] = [[], []]
  let shown = false
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => stdout.push(chunk))
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr.push(chunk)
    const address = /^ {2}(http\S+)\n/m.exec(stderr.join(''))?.[1]
    if (address === undefined || shown) return
    shown = true
    void onAddress?.(address)
  })
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), MAX_RUN_MS)
    child.once('close', (status) => {
      clearTimeout(timer)
      resolve({ status, stdout: stdout.join(''), stderr: stderr.join('') })
    })
  })
}

/** The last line of standard error: the sentence that a command failed with. */
export function sentenceOf({ status, stdout, stderr }: Outcome): { status: number | null; sentence: string } {
  if (stdout !== '') throw new TypeError('something was printed on standard output')
  return { status, sentence: stderr.trimEnd().split('\n').at(-1) ?? '' }
}
