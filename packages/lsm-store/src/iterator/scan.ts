import { ENTRIES_AT_ONCE, type Entry, type RangeIterator } from './store-iterator.ts'

/** The first entries may be all that somebody wants. */
const FEWEST = 4

/**
 * Entries of an iterator that nobody else moves, read some at a time, more as it goes on. `check` throws
 * when the store was closed meanwhile.
 */
export async function* scan(
  iterator: RangeIterator,
  check: () => void,
): AsyncGenerator<Entry, undefined> {
  try {
    let isMore = true
    for (let count = FEWEST; isMore; count = Math.min(2 * count, ENTRIES_AT_ONCE)) {
      const pause = iterator.pause(count)
      if (pause !== undefined) await pause
      const entries: Entry[] = []
      let failure: { readonly error: unknown } | undefined
      try {
        isMore = iterator.takeSome(entries, count)
      } catch (error) {
        // What stands before the damage is shown first.
        failure = { error }
      }
      for (const entry of entries) {
        check()
        yield entry
      }
      if (failure !== undefined) throw failure.error
    }
    return undefined
  } finally {
    iterator.close()
  }
}
