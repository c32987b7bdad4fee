/**
 * Time, as something that is handed in. The only file that reads the system's clock.
 */

/** Milliseconds since the Unix epoch. */
export type EpochMs = number

/** Tells the time; a test hands in its own. */
export type Clock = () => EpochMs

export const systemClock: Clock = () => Date.now()

/** Whole seconds since the Unix epoch, as JWT claims and DynamoDB's TTL count them. */
export function epochSeconds(nowMs: EpochMs): number {
  return Math.floor(nowMs / 1000)
}
