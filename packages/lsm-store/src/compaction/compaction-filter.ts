/** What becomes of an entry: it stays, it is deleted, or it has this value from now on. */
export type FilterVerdict = 'keep' | 'drop' | Uint8Array

/**
 * Asked about entries while they are compacted; the default export of a module. It runs in the thread that
 * compacts, on copies, any number of times for an entry or never: it should depend on nothing but what it is
 * given, and say at the second time what it said at the first. An entry about which it throws stays.
 */
export type CompactionFilter = (
  key: Uint8Array,
  value: Uint8Array,
  info: FilterInfo,
) => FilterVerdict

/** What is known of an entry besides. */
export interface FilterInfo {
  /** The level that it is written to. */
  readonly level: number
  /** Sequence of its write. */
  readonly sequence: number
}

/** A filter as data, for another thread. */
export interface JobFilter {
  /** Number of the keyspace. */
  readonly space: number
  readonly url: string
}

/** The filter that a module exports. */
export async function importFilter(url: string): Promise<CompactionFilter> {
  const { default: filter } = (await import(url)) as { readonly default?: unknown }
  if (typeof filter !== 'function') throw new TypeError(`${url} has no function as default export`)
  return filter as CompactionFilter
}

/**
 * The functions by number of the keyspace. A module is waited for from slice to slice; one that cannot be
 * imported is left out: its entries stay as they are.
 */
export function* loadJobFilters(
  wanted: readonly JobFilter[],
): Generator<number, ReadonlyMap<number, CompactionFilter>, void> {
  const found = new Map<number, CompactionFilter>()
  let waiting = wanted.length
  for (const { space, url } of wanted) {
    importFilter(url)
      .then(
        (filter) => found.set(space, filter),
        () => undefined,
      )
      .finally(() => {
        waiting -= 1
      })
  }
  while (waiting > 0) yield 0
  return found
}
