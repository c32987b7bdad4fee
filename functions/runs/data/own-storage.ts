/** Which objects are this deployment's own. */
import { ServiceError } from '../../shared/errors.ts'

/** Whether a URI is below the storage prefix. Clients name URIs of their own, and may name any. */
export function isOwn(storagePrefix: string, uri: string): boolean {
  return uri.startsWith(`${storagePrefix}/`)
}

/** @throws {ServiceError} `data_elsewhere` for a URI that is not below the storage prefix. */
export function assertOwn(storagePrefix: string, uri: string): void {
  if (!isOwn(storagePrefix, uri)) throw new ServiceError('data_elsewhere')
}
