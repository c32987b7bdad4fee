/** `DataProxyService.CreateUploadLocation`: a link to which a client uploads a code bundle. */
import { create } from '@bufbuild/protobuf'
import { durationMs, timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type CreateUploadLocationRequest,
  type CreateUploadLocationResponse,
  CreateUploadLocationResponseSchema,
} from '@flyteorg/flyteidl2/flyteidl2/dataproxy/dataproxy_service_pb.ts'
import { ServiceError } from '../../shared/errors.ts'
import type { ServiceDeps } from '../service-deps.ts'
import { lifetimeSecondsOf } from './lifetime.ts'

export const MAX_UPLOAD_BYTES = 100 * 1024 * 1024
const MD5_BYTES = 16
/** A key of S3 has 1,024 bytes at most, and there are two of these in it. */
const MAX_PART_BYTES = 400
/** What ends a line, or the path of a URI, or stands for something else in one. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\\?#%]/u

/**
 * Makes the method. The link takes one file by PUT, with the MD5 that was announced and any content type, for an
 * hour at most. Its place is below the project, in `filename_root` or else in a folder named by the MD5.
 *
 * It throws `request_invalid`, `request_too_large`, `project_not_found`, and `upload_exists` if a file of that name
 * is there with other contents: a run that was made with it would otherwise run something else.
 */
export function createUploadLocationMethod(deps: ServiceDeps) {
  return async (request: CreateUploadLocationRequest): Promise<CreateUploadLocationResponse> => {
    const { filenameRoot, contentMd5 } = request
    const key = checkedKey(request, deps.domains)
    await deps.projects.assertExists(request.project)
    const uri = `${deps.storagePrefix}/${key}`
    const md5 = contentMd5.length === 0 ? undefined : Buffer.from(contentMd5).toString('base64')
    if (filenameRoot !== '') await assertSame(deps, uri, md5)
    const lifetimeSeconds = lifetimeSecondsOf(request.expiresIn && durationMs(request.expiresIn))
    const keepsMd5 = request.addContentMd5Metadata
    const link = await deps.links.forUpload({ uri, lifetimeSeconds, md5, keepsMd5 })
    return create(CreateUploadLocationResponseSchema, {
      signedUrl: link.url,
      nativeUrl: uri,
      expiresAt: timestampFromMs(deps.now() + lifetimeSeconds * 1000),
      headers: { ...link.headers },
    })
  }
}

async function assertSame({ links }: ServiceDeps, uri: string, md5: string | undefined): Promise<void> {
  const existing = await links.findMd5(uri)
  if (existing !== undefined && existing !== md5) throw new ServiceError('upload_exists')
}

function checkedKey(request: CreateUploadLocationRequest, domains: readonly string[]): string {
  const { project, domain, filename, filenameRoot, contentMd5, contentLength } = request
  check(project !== '', 'project is required.')
  check(domains.includes(domain), "domain is not one of this deployment's.")
  check(contentMd5.length === 0 || contentMd5.length === MD5_BYTES, 'content_md5 has to have 16 bytes.')
  check(filenameRoot !== '' || contentMd5.length > 0, 'content_md5 or filename_root is required.')
  check(isSafe(filename), `filename ${SAFE}`)
  check(filenameRoot === '' || isSafe(filenameRoot), `filename_root ${SAFE}`)
  if (contentLength > MAX_UPLOAD_BYTES) {
    throw new ServiceError('request_too_large', {
      message: `content_length is more than ${MAX_UPLOAD_BYTES} bytes.`,
    })
  }
  return [project, domain, filenameRoot || folderOf(contentMd5), filename].join('/')
}

const SAFE = `has to be a relative path of ${MAX_PART_BYTES} bytes at most, without . and .. as folders, line ends and \\ ? # %.`

/** Files are uploaded under the names that people gave them, spaces and all. */
function isSafe(path: string): boolean {
  const parts = path.split('/')
  const leadsOut = parts.some((part) => part === '' || part === '.' || part === '..')
  return !leadsOut && Buffer.byteLength(path) <= MAX_PART_BYTES && !UNSAFE.test(path)
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The MD5 in base32 (RFC 4648 section 6), as upstream names the folder. */
function folderOf(md5: Uint8Array): string {
  const bits = Array.from(md5, (byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)])
  return letters.join('').padEnd(Math.ceil(letters.length / 8) * 8, '=')
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new ServiceError('request_invalid', { message })
}
