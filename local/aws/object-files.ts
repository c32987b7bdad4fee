/** The objects of the local S3: in memory, or a pair of files each. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrivately } from '../data-directory.ts'

export interface StoredObject {
  readonly body: Buffer
  /** Content type, encoding and `x-amz-meta-*`, as they came. */
  readonly headers: Readonly<Record<string, string>>
}

export interface ObjectFiles {
  get(bucket: string, key: string): Promise<StoredObject | undefined>
  put(bucket: string, key: string, object: StoredObject): Promise<void>
  delete(bucket: string, key: string): Promise<void>
}

/** Objects for as long as this process lives. */
export function objectsInMemory(): ObjectFiles {
  const objects = new Map<string, StoredObject>()
  const name = (bucket: string, key: string) => `${bucket}/${key}`
  return {
    get: async (bucket, key) => objects.get(name(bucket, key)),
    put: async (bucket, key, object) => void objects.set(name(bucket, key), object),
    delete: async (bucket, key) => void objects.delete(name(bucket, key)),
  }
}

/** Objects in a folder. A key may be any text, so files are named by its digest. */
export async function objectsInDirectory(directory: string): Promise<ObjectFiles> {
  await mkdir(directory, { recursive: true })
  const fileOf = (bucket: string, key: string) =>
    join(directory, bucket, createHash('sha256').update(key).digest('hex'))
  return {
    async get(bucket, key) {
      const file = fileOf(bucket, key)
      // The description is written last: where it is, the body is whole.
      const description = await readFile(`${file}.json`, 'utf8').catch(() => undefined)
      if (description === undefined) return undefined
      const { headers } = JSON.parse(description) as { headers: Record<string, string> }
      return { headers, body: await readFile(`${file}.body`) }
    },
    async put(bucket, key, { headers, body }) {
      const file = fileOf(bucket, key)
      await writePrivately(`${file}.body`, body)
      await writePrivately(`${file}.json`, JSON.stringify({ key, headers }))
    },
    async delete(bucket, key) {
      const file = fileOf(bucket, key)
      await Promise.all(['.json', '.body'].map((end) => rm(file + end, { force: true })))
    },
  }
}
