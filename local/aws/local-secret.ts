/** A secret of the template, as the double of Secrets Manager has it. */

/** One secret. `arn` ends with a dash and six characters after the name, as AWS's do. */
export interface LocalSecret {
  readonly arn: string
  readonly name: string
  readonly value: string
}

/** The secret that a name, an ARN or an ARN without its last six characters stands for. */
export function findSecret<S extends LocalSecret>(secrets: readonly S[], id: string): S | undefined {
  return secrets.find(({ arn, name }) => id === arn || id === name || id === arn.replace(/-\w{6}$/, ''))
}
