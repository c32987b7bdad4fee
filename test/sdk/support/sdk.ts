/** A laptop with the SDK on it: a home folder, a configuration, and the commands somebody types. */
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Stack } from '../../../local/stack.ts'
import { requestToken } from '../../../local/token.ts'
import { FLYTE, PYTHON } from './virtual-environment.ts'

export const PROJECT = 'flytesnacks'
export const DOMAIN = 'development'

/** The `admin` section of the SDK's configuration: how to sign in. */
export interface Admin {
  readonly authType: 'Pkce' | 'ClientSecret' | 'DeviceFlow' | 'ExternalCommand'
  readonly clientId?: string
  readonly clientSecretEnvVar?: string
  readonly command?: readonly string[]
}

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  /** Both streams, without colours and frames, and with every run of white space as one space. */
  readonly text: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Given what was printed so far, each time there is more. */
  readonly onOutput?: (text: string) => void
}

export interface Sdk {
  /** The home folder, which is the working folder as well. In it is `tasks.py`, somebody's code. */
  readonly home: string
  /** Writes a configuration and answers its path. */
  configure(admin: Admin): Promise<string>
  /** Writes a configuration with which every command is that person's, without a browser, and answers its path. */
  configureAs(person: string): Promise<string>
  /** Runs the command line as it is typed, with nothing added. */
  flyte(args: readonly string[], options?: RunOptions): Promise<Outcome>
  /** Runs one of the programs in `test/sdk/python`. */
  python(program: string, args: readonly string[], options?: RunOptions): Promise<Outcome>
  /** The variable that makes the SDK's browser sign this person in. */
  browserOf(person: string): { readonly BROWSER: string }
  /** How often a browser was opened. */
  browserOpenings(): Promise<number>
  /** Ends what still runs, and removes the folder. */
  dispose(): Promise<void>
}

const PROGRAMS = join(import.meta.dirname, '..', 'python')
const BROWSER_PROGRAM = join(import.meta.dirname, 'browser.ts')
/** A command that does not end is one that waits for a person; it fails with what it printed. */
const TIMEOUT_MS = 45_000

/** Makes a laptop for a stack that serves https. */
export async function createSdk(stack: Stack): Promise<Sdk> {
  const home = await mkdtemp(join(tmpdir(), 'flyte-sdk-'))
  await copyFile(join(PROGRAMS, 'tasks.py'), join(home, 'tasks.py'))
  const record = join(home, 'browser.txt')
  const running = new Set<ChildProcess>()
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    // The command line is the user's own: what it reports about itself is nobody's business here.
    FLYTE_DISABLE_SENTRY: 'true',
    // How a private authority is made known to Python, and to the SDK's own client.
    SSL_CERT_FILE: stack.authority.file ?? '',
    // And to the browser that it opens, where pages of the stack are on the way.
    NODE_EXTRA_CA_CERTS: stack.authority.file ?? '',
    NO_COLOR: '1',
    // Wide enough that nothing is wrapped: JSON is, too.
    COLUMNS: '4000',
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const run = (command: string, args: readonly string[], options: RunOptions = {}) => {
    const env = { ...environment, ...options.env }
    const child = spawn(command, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    return outcomeOf(child, options.onOutput).finally(() => running.delete(child))
  }
  const configure = async (admin: Admin, name: string = admin.authType) => {
    const file = join(home, `${name}.yaml`)
    await writeFile(file, configuration(stack, admin))
    return file
  }
  return {
    home,
    configure,
    async configureAs(person) {
      const token = join(home, `${person}.token`)
      await writeFile(token, await requestToken({ help: false, port: stack.port, person, client: undefined }))
      return configure({ authType: 'ExternalCommand', command: ['cat', token] }, person)
    },
    flyte: (args, options) => run(FLYTE, args, options),
    python: (program, args, options) => run(PYTHON, [join(PROGRAMS, program), ...args], options),
    // In the background, as a browser is: the SDK does nothing else until its command has ended.
    browserOf: (person) => ({
      BROWSER: `${process.execPath} ${BROWSER_PROGRAM} ${person} ${record} %s &`,
    }),
    browserOpenings: async () => (await readFile(record, 'utf8').catch(() => '')).split('\n').length - 1,
    async dispose() {
      for (const child of running) child.kill('SIGKILL')
      await rm(home, { recursive: true, force: true })
    },
  }
}

function configuration(stack: Stack, admin: Admin): string {
  return JSON.stringify({
    admin: { endpoint: `dns:///localhost:${stack.port}`, caCertFilePath: stack.authority.file, ...admin },
    task: { project: PROJECT, domain: DOMAIN },
  })
}

function outcomeOf(child: ChildProcess, onOutput: (text: string) => void = () => {}): Promise<Outcome> {
  const [stdout, all]: [string[], string[]] = [[], []]
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => stdout.push(chunk))
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      all.push(chunk)
      onOutput(plain(all))
    })
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new TypeError(`The command did not end.\n${plain(all)}`))
    }, TIMEOUT_MS)
    child.once('close', (status) => {
      clearTimeout(timer)
      resolve({ status, stdout: stripVTControlCharacters(stdout.join('')), text: plain(all) })
    })
  })
}

function plain(chunks: readonly string[]): string {
  return stripVTControlCharacters(chunks.join('')).replaceAll(/[\s│─]+/g, ' ')
}

/** What a command printed as JSON; fails with everything it printed if it did not. */
export function json(outcome: Outcome): unknown {
  if (outcome.status !== 0) throw new TypeError(`The command failed (${outcome.status}).\n${outcome.text}`)
  return JSON.parse(outcome.stdout)
}
