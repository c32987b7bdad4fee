/**
 * When the signing keys change, one step at a time:
 *
 *   no key ──► current             the first run
 *   current is old enough ──► current + next      the new key is published, and does not sign
 *   next is known everywhere ──► current (was next) + old
 *   the last token of old has expired ──► current
 *
 * A step depends on the document and the time alone, so a run that fails or comes late does no harm.
 */
import { CURRENT_KEY, type KeyDocument, NEXT_KEY, OLD_KEY, publicHalfOf } from './key-document.ts'

export interface RotationSchedule {
  /** How long a key signs before a new one is published. */
  readonly rotateAfterSeconds: number
  /** How long a new key is published before it signs: longer than anybody keeps a key set. */
  readonly publishSeconds: number
  /** How long a key is published after it stopped signing: longer than a token lives. */
  readonly retireAfterSeconds: number
}

export type RotationStep = 'created' | 'published' | 'promoted' | 'retired'

export interface RotationChange {
  readonly step: RotationStep
  readonly document: KeyDocument
}

export interface RotationDeps {
  readonly nowSeconds: number
  readonly schedule: RotationSchedule
  /** Makes a private key in PEM form. */
  readonly makeKey: () => Promise<string>
}

/** The next step, or undefined if it is not time for one. */
export async function nextRotationStep(
  document: KeyDocument,
  { nowSeconds, schedule, makeKey }: RotationDeps,
): Promise<RotationChange | undefined> {
  const { [NEXT_KEY]: next, [CURRENT_KEY]: current, [OLD_KEY]: old, ...rest } = document
  const changed = (step: RotationStep, keys: KeyDocument): RotationChange => ({
    step,
    document: { ...rest, ...keys, changedAt: nowSeconds },
  })
  if (current === undefined)
    return changed('created', { ...kept(OLD_KEY, old), [CURRENT_KEY]: await makeKey() })
  const ageSeconds = nowSeconds - (document.changedAt ?? nowSeconds)
  if (next !== undefined) {
    if (ageSeconds < schedule.publishSeconds) return dated(document, nowSeconds)
    // What no longer signs should not be able to.
    return changed('promoted', { [CURRENT_KEY]: next, [OLD_KEY]: publicHalfOf(current) })
  }
  if (old !== undefined) {
    if (ageSeconds < schedule.retireAfterSeconds) return dated(document, nowSeconds)
    return changed('retired', { [CURRENT_KEY]: current })
  }
  if (ageSeconds < schedule.rotateAfterSeconds) return dated(document, nowSeconds)
  return changed('published', { [CURRENT_KEY]: current, [NEXT_KEY]: await makeKey() })
}

function kept(name: typeof OLD_KEY, pem: string | undefined): KeyDocument {
  return pem === undefined ? {} : { [name]: pem }
}

/** A document that does not say how old it is begins to count now. */
function dated(document: KeyDocument, nowSeconds: number): RotationChange | undefined {
  if (document.changedAt !== undefined) return undefined
  return { step: 'created', document: { ...document, changedAt: nowSeconds } }
}
