/** One list out of several partitions that are each in the order of the same kind of key. */

/** A page of one partition. */
export interface KeyedPage<T> {
  readonly items: readonly { readonly key: string; readonly value: T }[]
  /** The key up to which the partition was read; undefined at its end. */
  readonly next: string | undefined
}

/** How many partitions are read at once. */
const AT_ONCE = 16

/**
 * Reads a page of each partition and gives back the first items of them all. The next page starts in each partition
 * after the same key; items that share the last key of a page are on it together, even if there are more than `limit`.
 */
export async function mergedPage<P, T>(
  partitions: readonly P[],
  read: (partition: P) => Promise<KeyedPage<T>>,
  { limit, newestFirst }: { limit: number; newestFirst: boolean },
): Promise<{ values: T[]; next: string | undefined }> {
  const pages: KeyedPage<T>[] = []
  for (let first = 0; first < partitions.length; first += AT_ONCE) {
    pages.push(...(await Promise.all(partitions.slice(first, first + AT_ONCE).map(read))))
  }
  const compare = (a: string, b: string) => (a === b ? 0 : a < b === newestFirst ? 1 : -1)
  // Beyond the first of these, there may be something in a partition that has not been read yet.
  const [frontier] = pages.flatMap(({ next }) => next ?? []).sort(compare)
  const known = pages
    .flatMap(({ items }) => items)
    .filter(({ key }) => frontier === undefined || compare(key, frontier) <= 0)
    .sort((a, b) => compare(a.key, b.key))
  const last = known[limit - 1]
  const shown = last === undefined ? known : known.filter(({ key }) => compare(key, last.key) <= 0)
  const next = shown.length < known.length ? last?.key : frontier
  return { values: shown.map(({ value }) => value), next }
}
