/** The scheduled function that changes the signing keys, one step a run. */
import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { type Clock, epochSeconds } from '../shared/clock.ts'
import type { ReplaceableSecret } from '../shared/replaceable-secret.ts'
import { parseKeyDocument } from '../shared/tokens/key-document.ts'
import { nextRotationStep, type RotationSchedule, type RotationStep } from '../shared/tokens/key-rotation.ts'

const HOUR = 3_600
const DAY = 24 * HOUR
const MODULUS_BITS = 2048

/**
 * How often keys change. A new key is published for a day, which is longer than anybody who verifies tokens keeps a
 * key set; an old one stays for as long as its last token lives, and an hour.
 */
export function rotationSchedule(accessTokenSeconds: number): RotationSchedule {
  return { rotateAfterSeconds: 90 * DAY, publishSeconds: DAY, retireAfterSeconds: accessTokenSeconds + HOUR }
}

export interface RotationDeps {
  readonly secret: ReplaceableSecret
  readonly schedule: RotationSchedule
  readonly now: Clock
}

/** How a run ended. `overtaken`: another run changed the keys meanwhile, so this one changed nothing. */
export type RotationOutcome = RotationStep | 'unchanged' | 'overtaken'

/**
 * Takes the next step, if it is time for one.
 *
 * @throws {ServiceError} `secret_unavailable`, `keys_unavailable` if what is there is no key document.
 */
export async function rotateKeys({ secret, schedule, now }: RotationDeps): Promise<RotationOutcome> {
  const read = await secret.read()
  const change = await nextRotationStep(parseKeyDocument(read.text), {
    nowSeconds: epochSeconds(now()),
    schedule,
    makeKey: newPrivateKey,
  })
  if (change === undefined) return 'unchanged'
  return (await secret.replace(JSON.stringify(change.document), read)) ? change.step : 'overtaken'
}

async function newPrivateKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS })
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}
