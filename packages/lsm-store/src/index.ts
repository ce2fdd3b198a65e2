export type { Bytes } from './bytes/text.ts'
export type { ChangesOptions } from './changes/change-feed.ts'
export type { Change, ChangeOperation } from './changes/change-reader.ts'
export {
  isStoreError,
  StoreError,
  type StoreErrorCode,
  type StoreErrorDetails,
} from './errors.ts'
export type {
  CompactionInfo,
  ErrorInfo,
  FlushInfo,
  RecoveryInfo,
  StallInfo,
  StoreEvents,
} from './events.ts'
export type { FileSystem, OpenMode, StoreFile, StoreLock } from './fs/file-system.ts'
export {
  type MemoryFileSystem,
  type MemoryFileSystemOptions,
  memoryFileSystem,
} from './fs/memory-file-system.ts'
export { nodeFileSystem } from './fs/node-file-system.ts'
export type { RangeOptions } from './iterator/range.ts'
export type { Entry, StoreIterator } from './iterator/store-iterator.ts'
export type { StoreOptions, TableOptions } from './options.ts'
export type { StoreState } from './store/health.ts'
export type { StoreMetrics } from './store/metrics.ts'
export type { ReadOptions, Snapshot } from './store/snapshot.ts'
export { Store, type WriteOptions } from './store/store.ts'
export type { Batch, Operation } from './wal/batch.ts'
export type { SyncMode } from './wal/log-writer.ts'
