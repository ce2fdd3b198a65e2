import type { RangeOptions } from '../iterator/range.ts'
import type { Store } from '../store/store.ts'
import type { WriteOptions } from '../store/writes.ts'
import type { Operation } from '../wal/batch.ts'
import { boundsOf, type LevelRange, storeRange } from './level-range.ts'

/** A deleted range is looked at by reads until compaction has worked it off: not for a few keys. */
const CLEARED_ALONE = 100
const CLEAR_BATCH = 1024

/**
 * Removes the entries of a range, as it is at the call: a few one by one, many by deleting the range,
 * which costs the same for any number. With a limit or a snapshot always one by one, in batches.
 */
export async function clearRange(
  store: Store,
  options: LevelRange,
  mode: WriteOptions | undefined,
): Promise<void> {
  const range = storeRange(options, true)
  if (range.limit === undefined && range.snapshot === undefined) await clearAll(store, range, mode)
  else await clearSome(store, range, mode)
}

/** Decided before anything is awaited: what is written later stays. */
async function clearAll(
  store: Store,
  range: RangeOptions,
  mode: WriteOptions | undefined,
): Promise<void> {
  const removed: Operation[] = []
  using iterator = store.iterator(range)
  for (;;) {
    const entry = iterator.nextSync()
    if (entry === undefined) break
    if (removed.length === CLEARED_ALONE) {
      await store.deleteRange(boundsOf(range), mode)
      return
    }
    removed.push({ type: 'delete', key: entry[0] })
  }
  await store.write(removed, mode)
}

async function clearSome(
  store: Store,
  range: RangeOptions,
  mode: WriteOptions | undefined,
): Promise<void> {
  using iterator = store.iterator(range)
  for (;;) {
    const entries = await iterator.nextMany(CLEAR_BATCH)
    const removed = entries.map(([key]): Operation => ({ type: 'delete', key }))
    if (removed.length > 0) await store.write(removed, mode)
    if (removed.length < CLEAR_BATCH) return
  }
}
