/** Objects in S3. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { ServiceError } from '../../errors.ts'
import type { ObjectStore } from '../object-store.ts'

/** Makes the object store from the environment that Lambda gives (region, credentials, endpoint). */
export function createS3ObjectStore(): ObjectStore {
  const client = new S3Client({
    maxAttempts: 3,
    // Path style works with every bucket name and with an endpoint that is not Amazon's.
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
  })
  return {
    async put(uri, bytes) {
      await guarded(() =>
        client.send(
          new PutObjectCommand({ ...locationOf(uri), Body: bytes, ContentType: 'application/octet-stream' }),
        ),
      )
    },
    async find(uri) {
      try {
        const { Body: body } = await client.send(new GetObjectCommand(locationOf(uri)))
        return await body?.transformToByteArray()
      } catch (error) {
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

function locationOf(uri: string): { Bucket: string; Key: string } {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri)
  if (match === null) throw new TypeError('not the URI of an object in S3')
  return { Bucket: match[1] as string, Key: match[2] as string }
}
