/** Secrets, read where they are kept. Their values are never logged and never part of an error. */

/**
 * Reads the current value of a secret by its name or ARN; kept for a few minutes, so that a rotated secret is used
 * without a restart.
 *
 * @throws {ServiceError} `secret_unavailable`
 */
export type SecretReader = (name: string) => Promise<string>
