/** Small JSON documents that outlive a restart. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Reads a JSON document, or makes it and writes it for the next time.
 *
 * The file is readable by its owner only, and is replaced as a whole, so a stop in between leaves no half
 * document behind. What is read is not validated: nobody else writes there.
 *
 * @param file null makes the document anew and writes nothing.
 */
export async function readOrMakeJson<T>(file: string | null, make: () => Promise<T>): Promise<T> {
  if (file === null) return make()
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text !== undefined) return JSON.parse(text) as T
  const value = await make()
  await writePrivately(file, JSON.stringify(value, null, 2))
  return value
}

/** Writes a file that only its owner may read, in one step, with the folders it needs. */
export async function writePrivately(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const partial = `${file}.${process.pid}.part`
  await writeFile(partial, content, { mode: 0o600 })
  await rename(partial, file)
}
