/** Small JSON documents that outlive a restart. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Reads a JSON document, or makes it and writes it for the next time.
 *
 * The file is readable by its owner only, and appears as a whole, so a stop in between leaves no half
 * document behind. Of several processes that make it at once, all answer the one that was written first.
 * What is read is not validated: nobody else writes there.
 *
 * @param file null makes the document anew and writes nothing.
 */
export async function readOrMakeJson<T>(file: string | null, make: () => Promise<T>): Promise<T> {
  if (file === null) return make()
  const read = () => readFile(file, 'utf8').catch(() => undefined)
  const kept = await read()
  if (kept !== undefined) return JSON.parse(kept) as T
  const made = JSON.stringify(await make(), null, 2)
  const partial = await writePart(file, made)
  try {
    // Unlike a rename, a link never takes the place of a file that somebody else wrote meanwhile.
    await link(partial, file).catch(() => {})
  } finally {
    await rm(partial, { force: true })
  }
  return JSON.parse((await read()) ?? made) as T
}

/** Writes a file that only its owner may read, in one step, with the folders it needs. */
export async function writePrivately(file: string, content: string | Uint8Array): Promise<void> {
  await rename(await writePart(file, content), file)
}

async function writePart(file: string, content: string | Uint8Array): Promise<string> {
  await mkdir(dirname(file), { recursive: true })
  const partial = `${file}.${randomUUID()}.part`
  await writeFile(partial, content, { mode: 0o600 })
  return partial
}
