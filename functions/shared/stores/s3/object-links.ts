/** Links to objects in S3: presigned URLs. They end with the function's own credentials, if those end earlier. */
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { ServiceError } from '../../errors.ts'
import type { ObjectLinks, UploadLink, UploadLinkRequest } from '../object-links.ts'
import { createS3Client, locationOf } from './client.ts'

/** Where Flyte's clients look for the MD5 of what they uploaded. */
const MD5_METADATA = 'flytecontentmd5'
const MD5_HEADER = `x-amz-meta-${MD5_METADATA}`
const SINGLE_PART_ETAG = /^"([0-9a-f]{32})"$/

/** Makes the links from the environment that Lambda gives. */
export function createS3ObjectLinks(): ObjectLinks {
  const client = createS3Client()
  return {
    forUpload: (request) => guarded(() => uploadLink(client, request)),
    forDownload: (uri, lifetimeSeconds) =>
      guarded(() =>
        getSignedUrl(client, new GetObjectCommand(locationOf(uri)), { expiresIn: lifetimeSeconds }),
      ),
    findMd5: (uri) => findMd5(client, uri),
  }
}

async function uploadLink(
  client: S3Client,
  { uri, lifetimeSeconds, md5, keepsMd5 }: UploadLinkRequest,
): Promise<UploadLink> {
  const metadata = md5 !== undefined && keepsMd5 ? { [MD5_METADATA]: md5 } : undefined
  const command = new PutObjectCommand({ ...locationOf(uri), ContentMD5: md5, Metadata: metadata })
  const url = await getSignedUrl(client, command, {
    expiresIn: lifetimeSeconds,
    // Signed as headers, so that an upload of other bytes is refused; what is in the query counts for nothing.
    unhoistableHeaders: new Set([MD5_HEADER]),
  })
  const headers = {
    ...(md5 === undefined ? {} : { 'Content-MD5': md5 }),
    ...(metadata === undefined ? {} : { [MD5_HEADER]: metadata[MD5_METADATA] as string }),
  }
  return { url, headers }
}

async function findMd5(client: S3Client, uri: string): Promise<string | undefined> {
  try {
    const { ETag: etag = '' } = await client.send(new HeadObjectCommand(locationOf(uri)))
    const [, hex] = SINGLE_PART_ETAG.exec(etag) ?? []
    return hex === undefined ? undefined : Buffer.from(hex, 'hex').toString('base64')
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFound') return undefined
    throw new ServiceError('storage_unavailable', { cause: error })
  }
}

async function guarded<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make()
  } catch (error) {
    throw new ServiceError('storage_unavailable', { cause: error })
  }
}
