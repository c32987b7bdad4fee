/** Lengths of received texts that end up in an item. */
import { ServiceError } from '../shared/errors.ts'

/** S3's own limit for a key is 1024 bytes. */
export const MAX_URI_LENGTH = 2_048
const MAX_NAME_LENGTH = 256

/**
 * Refuses a text that is longer than this, in UTF-16 units.
 *
 * @throws {ServiceError} `request_invalid`, naming the field.
 */
export function assertShort(value: string | undefined, field: string, maxLength = MAX_NAME_LENGTH): void {
  if (value !== undefined && value.length > maxLength) {
    throw new ServiceError('request_invalid', { message: `${field} has more than ${maxLength} characters.` })
  }
}
