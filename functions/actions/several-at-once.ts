/** Work on many items, several at once. */

/**
 * Does something with every item, `atOnce` of them at a time. The first failure is thrown when everything that had
 * begun by then has ended: nothing goes on behind an answer, because a function stands still between calls.
 */
export async function severalAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < items.length; at += atOnce) {
    const results = await Promise.allSettled(items.slice(at, at + atOnce).map(work))
    const failure = results.find((result) => result.status === 'rejected')
    if (failure) throw failure.reason
  }
}
