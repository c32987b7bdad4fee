/** Secrets of projects, as they are kept: written, replaced and removed by name, and never read back. */
import type { EpochMs } from '../clock.ts'
import { loadedOnce } from '../loaded-once.ts'

/** What is kept of a secret, under which name. */
export interface SecretToKeep {
  readonly name: string
  readonly value: string | Uint8Array
  /**
   * 32 to 64 letters, digits and hyphens that are the same for a repeated request and for nothing else. It is shown
   * to whoever may describe the secret, so it must tell nothing about the value.
   */
  readonly requestToken: string
}

/** What there is to know about a secret without its value. */
export interface KeptSecret {
  readonly createdAtMs: EpochMs
}

/** The largest value, in bytes. */
export const MAX_SECRET_BYTES = 65_536

/**
 * A deployment's secrets. Each operation may be repeated, and changes nothing more then. Failures are
 * `ServiceError`s: `vault_unavailable`, `internal_error` where this deployment lacks a permission.
 */
export interface SecretVault {
  /** `exists`: another request made a secret of this name. `removed`: there was one, and it can still be brought back. */
  readonly create: (secret: SecretToKeep) => Promise<'created' | 'exists' | 'removed'>
  /** Replaces the value. `conflict`: the token was used before, with another value. */
  readonly replace: (secret: SecretToKeep) => Promise<'replaced' | 'absent' | 'conflict'>
  /** Undefined if there is no such secret, or it was removed. */
  readonly describe: (name: string) => Promise<KeptSecret | undefined>
  /** `absent`: there is none, or it was removed before. */
  readonly remove: (name: string) => Promise<'removed' | 'absent'>
  /** Brings a removed secret back, with the value that it had. */
  readonly restore: (name: string) => Promise<void>
}

/** Makes the real vault at the first use only; see `lazyObjectStore`. */
export function lazySecretVault(load: () => Promise<SecretVault>): SecretVault {
  const vault = loadedOnce(load)
  return {
    create: async (secret) => (await vault()).create(secret),
    replace: async (secret) => (await vault()).replace(secret),
    describe: async (name) => (await vault()).describe(name),
    remove: async (name) => (await vault()).remove(name),
    restore: async (name) => (await vault()).restore(name),
  }
}
