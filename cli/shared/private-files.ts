/** Files that nobody but their owner can read. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError, systemCode } from './failure.ts'

const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_DIRECTORY = 0o700

const WRITABLE_BY_OTHERS = 0o022

/**
 * Makes a folder that is its owner's alone. One that is there already is left as it is: it may be everybody's, such
 * as `/tmp`, and then it is refused, because others could put files of theirs into it.
 *
 * @throws {CommandError} `store_unusable`
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: OWNER_ONLY_DIRECTORY })
  } catch (error) {
    throw unusable(error)
  }
  await assertNobodyElseWrites(path)
}

async function assertNobodyElseWrites(directory: string): Promise<void> {
  const facts = await stat(directory).catch((error) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw unusable(error)
  })
  // Windows has no such modes, and to root every folder is as good as its own.
  const me = process.getuid?.()
  if (facts === undefined || me === undefined) return
  const isOthers = me !== 0 && facts.uid !== me
  if (!isOthers && (facts.mode & WRITABLE_BY_OTHERS) === 0) return
  throw new CommandError(
    'store_unusable',
    'Others can write to the folder for tokens, or it is theirs; take that from them (chmod go-w), or name another one in FLYTE_TOKEN_DIR.',
  )
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

/**
 * The text of a file, or undefined if there is none.
 *
 * @throws {CommandError} `store_unusable`; also where others could have put it there
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  await assertNobodyElseWrites(dirname(path))
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
