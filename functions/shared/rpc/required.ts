/** Messages that a method cannot do without. */
import { ServiceError } from '../errors.ts'

/**
 * The value of a message field that has to be there; the protos' own rules say the same, this tells the compiler.
 *
 * @throws {ServiceError} `request_invalid`, naming the field.
 */
export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new ServiceError('request_invalid', { message: `${field} is required.` })
  return value
}
