export {
  isReplicatorError,
  ReplicatorError,
  type ReplicatorErrorCode,
  type ReplicatorErrorDetails,
} from './errors.ts'
export type {
  ConflictInfo,
  ConflictSide,
  ErrorInfo,
  LinkState,
  ReplicatorEvents,
  SnapshotInfo,
  StateInfo,
} from './events.ts'
export type { ReplicatorOptions, TableOptions, TombstoneOptions } from './options.ts'
export type { LinkStatus } from './receiver/link-status.ts'
export type { SubscribeRequest } from './receiver/receiver.ts'
export type {
  CatchUpOptions,
  ReplicaSubscription,
  UnsubscribeOptions,
} from './receiver/subscription.ts'
export type { RecordData } from './record/record.ts'
export type { IdRange, RecordId } from './record/record-id.ts'
export { Replicator } from './replicator.ts'
export type { MergePolicy } from './row/local-write.ts'
export type { FieldTest, Scalar, Where } from './selection/predicate.ts'
export type { SelectionSpec } from './selection/selection.ts'
export type { ReplicatorStatus, SubscriberStatus } from './status.ts'
export type { RecordOrigin, ScanOptions, Table } from './table/table.ts'
export type { Transaction, TransactionTable } from './table/transaction.ts'
export type { TableChange, WatchOptions } from './table/watch.ts'
