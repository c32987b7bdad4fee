/**
 * `npm run test:providers`: real identity providers sign a browser, a command line and a service in, at the local stack.
 *
 * Keycloak is downloaded with Maven, and Dex is built with Go, once, into `.local/providers`. Where one of them cannot
 * be had it is said so, and the tests with the others run: there is nothing wrong with this project on such a machine.
 * Arguments are handed on to vitest.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { PROJECT_DIRECTORY } from '../../local/synthesis.ts'
import { prepareDex } from './support/dex.ts'
import { prepareKeycloak } from './support/keycloak.ts'
import { NoProviderError } from './support/unavailable.ts'

const PROVIDERS = {
  keycloak: { name: 'Keycloak', prepare: prepareKeycloak },
  dex: { name: 'Dex', prepare: prepareDex },
} as const

/** Tells which provider's tests can run. */
async function available(): Promise<string[]> {
  const files: string[] = []
  for (const [file, { name, prepare }] of Object.entries(PROVIDERS)) {
    try {
      await prepare((what) => process.stderr.write(`${what} …\n`))
      files.push(`test/providers/${file}.provider.ts`)
    } catch (error) {
      if (!(error instanceof NoProviderError)) throw error
      process.stdout.write(`The tests with ${name} were left out: ${error.sentence}\n`)
    }
  }
  return files
}

async function main(): Promise<number> {
  const files = await available()
  if (files.length === 0) return 0
  const vitest = join(PROJECT_DIRECTORY, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [vitest, 'run', '--config', 'vitest.providers.config.ts', ...files, ...process.argv.slice(2)]
  const child = spawn(process.execPath, args, { cwd: PROJECT_DIRECTORY, stdio: 'inherit' })
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}

process.exitCode = await main()
