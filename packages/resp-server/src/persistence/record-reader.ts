import type { RangeOptions, StoreIterator } from '@ashlar/lsm-store'

/** Records as they are, or as they were at one moment. */
export interface RecordReader {
  getSync(key: Uint8Array): Uint8Array | undefined
  iterator(options: RangeOptions): StoreIterator
}
