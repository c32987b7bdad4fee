/** A secret that is replaced from time to time by the deployment itself. */

export interface SecretVersion {
  readonly text: string
  /** Names what was read: a replacement is based on it. */
  readonly version: string
}

/** Reads and replaces one secret. A failure rejects with a {@link ServiceError} `secret_unavailable`. */
export interface ReplaceableSecret {
  readonly read: () => Promise<SecretVersion>
  /**
   * Replaces the text, unless somebody did so since it was read: of several callers who read the same version, at
   * most one gets `true`.
   */
  readonly replace: (text: string, basedOn: SecretVersion) => Promise<boolean>
}
