/**
 * The Python in which the real SDK is installed: a virtual environment of its own, beside everything else that is
 * made on this machine, and made again when the requirements change.
 */
import { spawnSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCAL_DIRECTORY } from '../../../local/synthesis.ts'

const DIRECTORY = join(LOCAL_DIRECTORY, 'sdk-venv')
const REQUIREMENTS = join(import.meta.dirname, '..', 'requirements.txt')
/** What was installed; written last, so that an installation that was stopped half-way is not taken for one. */
const INSTALLED = join(DIRECTORY, 'installed.txt')
const INSTALL_TIMEOUT_MS = 300_000

/** The commands of the virtual environment. */
export const PYTHON = join(DIRECTORY, 'bin', 'python')
export const FLYTE = join(DIRECTORY, 'bin', 'flyte')

/** The SDK cannot be had on this machine. `reason` says what is missing. */
export class NoSdkError extends Error {
  override readonly name = 'NoSdkError'
  readonly reason: 'no_python' | 'no_packages'
  /** What pip said. */
  readonly detail: string
  constructor(reason: NoSdkError['reason'], detail = '') {
    super(`The SDK cannot be installed (${reason}).`)
    this.reason = reason
    this.detail = detail
  }
}

/**
 * Makes the virtual environment, unless it is there with the same requirements already.
 *
 * @param onWork Told that something is installed, which takes a while.
 * @throws {NoSdkError} `no_python` without a Python 3.10 or later; `no_packages` if the package index cannot be
 *   reached. Requirements that the index does not have are an error of ours: a `TypeError`.
 */
export async function prepareSdk(onWork: () => void): Promise<void> {
  const requirements = await readFile(REQUIREMENTS, 'utf8')
  if ((await readFile(INSTALLED, 'utf8').catch(() => '')) === requirements) return
  const python = findPython()
  if (python === undefined) throw new NoSdkError('no_python')
  onWork()
  await rm(DIRECTORY, { recursive: true, force: true })
  const made = run(python, ['-m', 'venv', DIRECTORY])
  // Some systems ship Python without what a virtual environment needs.
  if (made.status !== 0) throw new NoSdkError('no_python', made.output)
  const installed = run(PYTHON, ['-m', 'pip', 'install', '--quiet', '--retries', '2', '-r', REQUIREMENTS])
  if (installed.status !== 0) {
    await rm(DIRECTORY, { recursive: true, force: true })
    if (isUnreachable(installed.output)) throw new NoSdkError('no_packages', installed.output)
    throw new TypeError(`The SDK could not be installed.\n${installed.output}`)
  }
  await writeFile(INSTALLED, requirements)
}

const AT_LEAST_3_10 = 'import sys; sys.exit(sys.version_info < (3, 10))'

function findPython(): string | undefined {
  const names = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python']
  return names.find((name) => run(name, ['-c', AT_LEAST_3_10]).status === 0)
}

/** Whether pip failed for want of an index, rather than for want of a version that the index does not have. */
function isUnreachable(output: string): boolean {
  return /from versions: none|ConnectTimeoutError|ReadTimeoutError|ConnectionResetError|ProxyError/.test(
    output,
  )
}

function run(command: string, args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
  })
  return { status, output: `${stdout ?? ''}${stderr ?? ''}` }
}
