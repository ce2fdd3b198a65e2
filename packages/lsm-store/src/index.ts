export type { BackupInfo, BackupOptions } from './backup/make-backup.ts'
export {
  type BackupReadOptions,
  type BackupSummary,
  deleteBackup,
  listBackups,
  restoreBackup,
  verifyBackup,
} from './backup/read-backup.ts'
export type { Bytes } from './bytes/text.ts'
export type { ChangesOptions, StoreChangesOptions } from './changes/change-feed.ts'
export type { Change, ChangeOperation, ChangeTarget } from './changes/change-reader.ts'
export type {
  CompactionFilter,
  FilterInfo,
  FilterVerdict,
} from './compaction/compaction-filter.ts'
export type { CompactionPolicy } from './compaction/policy.ts'
export type { Compression } from './compression/compression.ts'
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
  IngestInfo,
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
export type { IngestOptions, IngestSource } from './ingest/ingests.ts'
export type { KeyRange, RangeOptions } from './iterator/range.ts'
export type { Entry, StoreIterator } from './iterator/store-iterator.ts'
export type { KeyspaceOptions } from './keyspace/keyspace-options.ts'
export type { KeyspaceRef } from './keyspace/space.ts'
export type {
  BuiltInMerge,
  MergeFunction,
  MergeModule,
  MergeOption,
} from './merge/merge-operator.ts'
export type { CheckpointInfo } from './operations/checkpoint.ts'
export type { OperationOptions, Progress } from './operations/progress.ts'
export {
  type LostRange,
  type RepairOptions,
  type RepairReport,
  repairStore,
} from './operations/repair.ts'
export { type VerifyOptions, type VerifyReport, verifyStore } from './operations/verify.ts'
export type { RecoveryMode, StoreOptions, TableOptions } from './options.ts'
export type { ConditionalWrite, WriteCondition } from './store/condition.ts'
export type { StoreState } from './store/health.ts'
export { Keyspace } from './store/keyspace.ts'
export type { StoreMetrics } from './store/metrics.ts'
export type { KeyEntry } from './store/reads.ts'
export type { ReadOptions, Snapshot } from './store/snapshot.ts'
export { Store } from './store/store.ts'
export type { PutOptions, WriteOptions } from './store/writes.ts'
export type { RunOptions } from './transaction/run-transaction.ts'
export type { Transaction, TransactionRange } from './transaction/transaction.ts'
export type { Batch, Operation, OperationTarget, PutTarget, StoreBatch } from './wal/batch.ts'
export type { SyncMode } from './wal/log-writer.ts'
