/** Links to objects in a bucket, which whoever holds one can use without credentials until it expires. */
import { loadedOnce } from '../loaded-once.ts'

export interface UploadLink {
  readonly url: string
  /** What has to be sent with the upload, as it is here. */
  readonly headers: Readonly<Record<string, string>>
}

export interface UploadLinkRequest {
  readonly uri: string
  readonly lifetimeSeconds: number
  /** The MD5 of what will be uploaded, in base64; undefined allows any bytes. */
  readonly md5: string | undefined
  /** Keeps the MD5 with the object as well. */
  readonly keepsMd5: boolean
}

/** Makes links. A failure is a `ServiceError` `storage_unavailable`. */
export interface ObjectLinks {
  /** A link that takes one object by PUT, of any content type. */
  readonly forUpload: (request: UploadLinkRequest) => Promise<UploadLink>
  /** A link that gives an object by GET. Does not check that there is one. */
  readonly forDownload: (uri: string, lifetimeSeconds: number) => Promise<string>
  /** The MD5 of an object, in base64; undefined if there is no object, or it was not uploaded in one piece. */
  readonly findMd5: (uri: string) => Promise<string | undefined>
}

/** Makes the real links at the first use only; see `lazyObjectStore`. */
export function lazyObjectLinks(load: () => Promise<ObjectLinks>): ObjectLinks {
  const links = loadedOnce(load)
  return {
    forUpload: async (request) => (await links()).forUpload(request),
    forDownload: async (uri, lifetimeSeconds) => (await links()).forDownload(uri, lifetimeSeconds),
    findMd5: async (uri) => (await links()).findMd5(uri),
  }
}
