import type { MemoryFileSystem, Store, StoreOptions } from '@ashlar/lsm-store'

/** Small files, so that few values make many of them; values of 500 bytes go apart. */
export const SIZES = {
  memtableBytes: 64 * 1024,
  changeRetentionBytes: 0,
  flushOnCloseBytes: 0,
  tables: {
    largeValueBytes: 500,
    tableBytes: 32 * 1024,
    levelBytes: 32 * 1024,
    levelZeroTables: 64,
    compression: 'none',
  },
} as const satisfies StoreOptions

export const COUNT = 30

export const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

/** A value of more than a thousand bytes that tells where it belongs. */
export const large = (i: number, round: number): string => `${round}:${i};`.repeat(200)

export const valueFiles = (disk: MemoryFileSystem, directory = '/s'): string[] =>
  disk.paths().filter((path) => path.startsWith(`${directory}/`) && path.endsWith('.values'))

/** Puts a large value at each of these keys, and flushes them. */
export async function write(store: Store, round: number, from = 0, to = COUNT): Promise<void> {
  for (let i = from; i < to; i++) await store.put(`key-${i}`, large(i, round))
  await store.flush()
}
