/** A provider cannot be had on this machine, through no fault of this project. */
export class NoProviderError extends Error {
  override readonly name = 'NoProviderError'
  /** One sentence about what is missing. */
  readonly sentence: string
  /** What the tool said that was to get it. */
  readonly detail: string
  constructor(sentence: string, detail = '') {
    super(sentence)
    this.sentence = sentence
    this.detail = detail
  }
}
