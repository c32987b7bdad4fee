/** Files that nobody but their owner can read. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError, systemCode } from './failure.ts'

const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_DIRECTORY = 0o700

/**
 * Makes a folder, or takes it away from everybody else.
 *
 * @throws {CommandError} `store_unusable`
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: OWNER_ONLY_DIRECTORY })
    await chmod(path, OWNER_ONLY_DIRECTORY)
  } catch (error) {
    throw unusable(error)
  }
}

/**
 * Writes a file with mode 0600 so that a reader sees the old text or the new one, never half of it.
 *
 * @throws {CommandError} `store_unusable`
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await makePrivateDirectory(dirname(path))
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await writeFile(draft, text, { mode: OWNER_ONLY_FILE, flag: 'wx' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw unusable(error)
  }
}

/** The text of a file, or undefined if there is none. @throws {CommandError} `store_unusable` */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw unusable(error)
  }
}

function unusable(cause: unknown): CommandError {
  const code = systemCode(cause)
  return new CommandError(
    'store_unusable',
    `The folder for tokens cannot be used${code === undefined ? '' : ` (${code})`}; name another one in FLYTE_TOKEN_DIR.`,
    { cause },
  )
}
