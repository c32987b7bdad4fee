/** One stack at a time uses a data folder: two databases on the same files would destroy them. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Another stack uses the folder. `file` says so, and can be deleted if that is not true. */
export class DataInUseError extends Error {
  override readonly name = 'DataInUseError'
  readonly file: string
  constructor(file: string) {
    super('The data folder is in use.')
    this.file = file
  }
}

/**
 * Takes the folder for this process; a folder that a stack left behind without stopping is free.
 *
 * @returns what gives it back
 * @throws {DataInUseError}
 */
export async function lockDataDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'in-use-by')
  const take = () => writeFile(file, String(process.pid), { flag: 'wx' })
  try {
    await take()
  } catch {
    if (isRunning(Number(await readFile(file, 'utf8').catch(() => '')))) throw new DataInUseError(file)
    await rm(file, { force: true })
    await take().catch(() => {
      throw new DataInUseError(file)
    })
  }
  return () => rm(file, { force: true })
}

function isRunning(processId: number): boolean {
  if (!(processId > 0)) return false
  try {
    return process.kill(processId, 0)
  } catch (error) {
    // It is somebody else's process, but it is one.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
