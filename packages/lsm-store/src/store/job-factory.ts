import type { Clock } from '@ashlar/codec'
import { movableFiles } from '../compaction/collect-values.ts'
import { type CompactionJob, type FlushJob, type Job, outputNumbers } from '../compaction/job.ts'
import { type CompactionPlan, isLowest } from '../compaction/picker.ts'
import { shardsOf } from '../compaction/shards.ts'
import type { Keyspaces } from '../keyspace/keyspaces.ts'
import type { TableSet } from '../manifest/table-set.ts'
import { toJobOperators } from '../merge/job-operators.ts'
import { compressionAt, type ResolvedOptions } from '../options.ts'
import type { LogSegment } from '../wal/log-segment.ts'
import type { FileNumbers } from './segments.ts'
import type { SnapshotRegistry } from './snapshot.ts'

/** @see JobFactory */
export interface JobFactoryOptions {
  readonly path: string
  readonly options: ResolvedOptions
  readonly clock: Clock
  readonly tables: TableSet
  readonly numbers: FileNumbers
  readonly snapshots: SnapshotRegistry
  readonly keyspaces: Keyspaces
}

/** Describes work for the background, with all that it must know of this moment. */
export class JobFactory {
  readonly #options: JobFactoryOptions

  constructor(options: JobFactoryOptions) {
    this.#options = options
  }

  flush(segment: LogSegment): FlushJob {
    const { numbers, options, snapshots, path, keyspaces } = this.#options
    // Tables are cut before and behind each keyspace that has its own.
    const count = 1 + 2 * keyspaces.policies().size
    return {
      kind: 'flush',
      directory: path,
      image: segment.memtable.image,
      number: numbers.take(count),
      numbers: count,
      blockBytes: options.tables.blockBytes,
      partitionBytes: options.tables.partitionBytes,
      compression: compressionAt(options, 0),
      largeValueBytes: options.tables.largeValueBytes,
      snapshots: snapshots.sequences(),
      ...this.#seen(),
    }
  }

  /** One job, or one for each of some key ranges. */
  compaction(plan: CompactionPlan): CompactionJob[] {
    const { numbers, options, snapshots, path, tables, keyspaces } = this.#options
    const { tableBytes, blockBytes, partitionBytes, compactionBytesPerSecond } = options.tables
    const runs = plan.runs.map((run) => run.map(({ meta }) => meta))
    const moving = movableFiles(tables.usage, tableBytes)
    const count = outputNumbers(runs, tableBytes, moving)
    const shards = shardsOf(plan.runs, options.tables.compactionThreads, tableBytes)
    const first = numbers.take(count * shards.length)
    const whole = {
      kind: 'compaction' as const,
      directory: path,
      runs,
      outputLevel: plan.outputLevel,
      dropDeletes: isLowest(tables.version, plan),
      number: first,
      numbers: count,
      blockBytes,
      partitionBytes,
      compression: compressionAt(options, plan.outputLevel),
      largeValueBytes: options.tables.largeValueBytes,
      moving,
      tableBytes,
      bytesPerSecond: Math.ceil(compactionBytesPerSecond / shards.length),
      snapshots: snapshots.sequences(),
      ranges: tables.version.ranges.all,
      filters: keyspaces.filters(),
      ...this.#seen(),
    }
    if (shards.length === 1) return [whole]
    return shards.map((range, index) => ({
      ...whole,
      number: first + index * count,
      shard: { ...range, job: first, index, count: shards.length },
    }))
  }

  /** What jobs must know of keyspaces, and of what readers see. */
  #seen(): Pick<Job, 'operators' | 'expireBefore' | 'spaces'> {
    const { clock, snapshots, keyspaces } = this.#options
    return {
      operators: toJobOperators(keyspaces.operators()),
      spaces: keyspaces.settings(),
      expireBefore: snapshots.oldestTime(clock.now()),
    }
  }
}
