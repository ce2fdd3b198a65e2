import { Store } from '@ashlar/lsm-store'
import type { ResolvedOptions } from './options.ts'

const MIB = 1024 * 1024
/** Parts of `maxmemory` that the store takes at most for its cache, and for one of up to four memtables. */
const CACHE_PART = 4
const MEMTABLE_PART = 16
const LEAST_CACHE_BYTES = 16 * MIB
const LEAST_MEMTABLE_BYTES = 8 * MIB
/** From here on the store's own defaults hold. */
const UNBOUNDED_FROM = 512 * MIB

/**
 * A transaction or script may set large values, whose pieces are all written in one turn: as much as a
 * batch of the store holds, and what was there before it.
 */
const MOST_UNFLUSHED_BYTES = 1024 * MIB

/** Who bounds memory does not expect some hundred megabytes of the store's beside it. */
function memoryOptions(maxmemory: number) {
  if (maxmemory === 0 || maxmemory >= UNBOUNDED_FROM) return {}
  return {
    blockCacheBytes: Math.max(Math.floor(maxmemory / CACHE_PART), LEAST_CACHE_BYTES),
    memtableBytes: Math.max(Math.floor(maxmemory / MEMTABLE_PART), LEAST_MEMTABLE_BYTES),
  }
}

/** The store that the options name or hold; undefined when nothing is to be kept. */
export async function openStore(options: ResolvedOptions): Promise<Store | undefined> {
  const { store, path, clock, logger, settings } = options
  if (store !== undefined || path === undefined) return store
  return await Store.open(path, {
    clock,
    logger,
    maxUnflushedBytes: MOST_UNFLUSHED_BYTES,
    ...memoryOptions(settings.maxmemory),
  })
}
