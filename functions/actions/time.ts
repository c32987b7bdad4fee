/** Times in messages. */
import { type Timestamp, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt'
import type { EpochMs } from '../shared/clock.ts'
import { ServiceError } from '../shared/errors.ts'

/** The end of the year 9999, the last that a `Timestamp` may name. */
const LATEST_SECONDS = 253_402_300_799n

/**
 * A time in whole milliseconds; undefined for none.
 *
 * @throws {ServiceError} `request_invalid` for one before 1970 or after 9999, naming the field.
 */
export function epochMsOf(timestamp: Timestamp | undefined, field: string): EpochMs | undefined {
  if (timestamp === undefined) return undefined
  const { seconds, nanos } = timestamp
  if (seconds < 0n || seconds > LATEST_SECONDS || nanos < 0 || nanos > 999_999_999) {
    throw new ServiceError('request_invalid', { message: `${field} is not a time between 1970 and 9999.` })
  }
  return Math.trunc(timestampMs(timestamp))
}

/** The same as a message. */
export function timestampOf(ms: EpochMs | undefined): Timestamp | undefined {
  return ms === undefined ? undefined : timestampFromMs(ms)
}
