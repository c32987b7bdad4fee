/**
 * `npm run test:sdk`: the real Flyte SDK and command line, as they come from PyPI, against the local stack.
 *
 * Where there is no Python 3.10 or no way to PyPI, it says so and passes: there is nothing wrong with this project
 * on such a machine. Arguments are handed on to vitest.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { PROJECT_DIRECTORY } from '../../local/synthesis.ts'
import { NoSdkError, prepareSdk } from './support/virtual-environment.ts'

const SENTENCES: Readonly<Record<NoSdkError['reason'], string>> = {
  no_python:
    'The tests with the Flyte SDK were left out: they need Python 3.10 or later with its venv module.',
  no_packages: 'The tests with the Flyte SDK were left out: PyPI cannot be reached from here.',
}

async function main(): Promise<number> {
  try {
    await prepareSdk(() => process.stderr.write('Installing the Flyte SDK into .local/sdk-venv\n'))
  } catch (error) {
    if (!(error instanceof NoSdkError)) throw error
    process.stdout.write(`${SENTENCES[error.reason]}\n`)
    return 0
  }
  const vitest = join(PROJECT_DIRECTORY, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [vitest, 'run', '--config', 'vitest.sdk.config.ts', ...process.argv.slice(2)]
  const child = spawn(process.execPath, args, { cwd: PROJECT_DIRECTORY, stdio: 'inherit' })
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}

process.exitCode = await main()
