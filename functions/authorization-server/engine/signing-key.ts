/** A signing key as the engine uses it: asked to sign, never handed over. */
import type { KeyObject } from 'node:crypto'
import { ExternalSigningKey } from 'oidc-provider'
import type { SigningKey } from '../../shared/tokens/signing-keys.ts'

class EngineSigningKey extends ExternalSigningKey {
  readonly #key: SigningKey

  constructor(key: SigningKey) {
    super()
    this.#key = key
  }

  override get kid(): string {
    return this.#key.published.kid
  }

  override get alg(): string {
    return this.#key.published.alg
  }

  override keyObject(): KeyObject {
    return this.#key.publicKey
  }

  override async sign(data: Uint8Array): Promise<Uint8Array> {
    return Buffer.from(await this.#key.sign(data))
  }
}

/** Makes it. */
export function engineSigningKey(key: SigningKey): ExternalSigningKey {
  return new EngineSigningKey(key)
}
