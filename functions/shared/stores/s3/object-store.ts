/** Objects in S3. */
import { Readable } from 'node:stream'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { ServiceError } from '../../errors.ts'
import { dataTooLarge, type ObjectStore } from '../object-store.ts'
import { createS3Client, locationOf } from './client.ts'

/** Makes the object store from the environment that Lambda gives (region, credentials, endpoint). */
export function createS3ObjectStore(): ObjectStore {
  const client = createS3Client()
  return {
    async put(uri, bytes) {
      await guarded(() =>
        client.send(
          new PutObjectCommand({ ...locationOf(uri), Body: bytes, ContentType: 'application/octet-stream' }),
        ),
      )
    },
    async find(uri, maxBytes = Number.POSITIVE_INFINITY) {
      try {
        const { Body: body, ContentLength: length = 0 } = await client.send(
          new GetObjectCommand(locationOf(uri)),
        )
        if (length > maxBytes) throw tooLarge(body, length)
        return await body?.transformToByteArray()
      } catch (error) {
        if (error instanceof ServiceError) throw error
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined
        throw new ServiceError('storage_unavailable', { cause: error })
      }
    },
  }
}

async function guarded(write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    throw new ServiceError('storage_unavailable', { cause: error })
  }
}

/** Ends the download that nobody reads, so that its connection is not held. */
function tooLarge(body: unknown, length: number): ServiceError {
  if (body instanceof Readable) body.destroy()
  return dataTooLarge(length)
}
