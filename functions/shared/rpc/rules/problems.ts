/** What is wrong with a message, collected while it is walked. */

/** More would not help whoever reads them. */
const MAX_PROBLEMS = 5

/** Collects problems by the path of the field they are about. Paths are our own names: no received value. */
export class Problems {
  readonly sentences: string[] = []
  private readonly path: string[] = []
  private readonly limit: number

  constructor(limit: number = MAX_PROBLEMS) {
    this.limit = limit
  }

  /** Whether enough has been found to stop looking. */
  get isFull(): boolean {
    return this.sentences.length >= this.limit
  }

  /** Looks at what `step` leads to: a field's name, or an index such as `[3]`. */
  within(step: string, look: () => void): void {
    this.path.push(step)
    look()
    this.path.pop()
  }

  /** Notes that what is being looked at is not as it has to be, in words that follow the field's path. */
  add(complaint: string): void {
    if (this.isFull) return
    const path = this.path.join('.').replaceAll('.[', '[')
    this.sentences.push(`${path === '' ? 'The message' : path} ${complaint}.`)
  }
}
