/** The client of S3 that the adapters share, and what they call an object. */
import { S3Client } from '@aws-sdk/client-s3'

/** Makes a client from the environment that Lambda gives (region, credentials, endpoint). */
export function createS3Client(): S3Client {
  return new S3Client({
    maxAttempts: 3,
    // Path style works with every bucket name and with an endpoint that is not Amazon's.
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
  })
}

/** The bucket and the key of a URI. Throws TypeError for a URI that is none of S3. */
export function locationOf(uri: string): { Bucket: string; Key: string } {
  const match = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri)
  if (match === null) throw new TypeError('not the URI of an object in S3')
  return { Bucket: match[1] as string, Key: match[2] as string }
}
