import type { ResolvedKvOptions } from '../kv/kv-options.ts'
import type { ResolvedLogOptions } from '../log/log-options.ts'
import type { LogStorage } from '../log/log-storage.ts'

/** A log or bucket that was there when its storage was opened. */
export interface Kept<Options> {
  readonly name: string
  readonly options: Options
  readonly storage: LogStorage
}

/** Where a hub keeps its logs and buckets. */
export interface HubStorage {
  readonly logs: readonly Kept<ResolvedLogOptions>[]
  readonly buckets: readonly Kept<ResolvedKvOptions>[]
  createLog(name: string, options: ResolvedLogOptions): LogStorage
  createBucket(name: string, options: ResolvedKvOptions): LogStorage
  /** Throws when it can keep nothing any more. */
  assertUsable(): void
  /** Resolves when everything changed so far is kept; undefined when there is nothing to wait for. */
  commit(): Promise<void> | undefined
}
