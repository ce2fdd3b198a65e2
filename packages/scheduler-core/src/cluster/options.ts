import { type Clock, type Random, systemClock, systemRandom } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import type { Transport } from '@ashlar/transport'
import { duration, integer } from '../checks.ts'
import type { SchedulerEvents } from '../observe/events.ts'
import type { HandlerMap } from '../run/handler.ts'
import type { SchedulerOptions } from '../scheduler/options.ts'
import { MAX_PARTITIONS, Names } from './names.ts'

/** A partition of the cluster. */
export interface PartitionEvent {
  readonly partition: number
  /** Fencing token of this ownership: greater than that of every earlier owner. */
  readonly epoch: number
}

/** What happens to a member of a cluster, beside what happens to the tasks that it runs. */
export interface ClusterEvents extends SchedulerEvents {
  /** This member works on a partition from now on. */
  readonly onPartitionOpened?: (info: PartitionEvent) => void
  /**
   * It does not any more: `handed-over` after a drain, `lost` when somebody else has it or may have
   * it soon. What it was about to write is refused.
   */
  readonly onPartitionClosed?: (
    info: PartitionEvent & { readonly reason: 'handed-over' | 'lost' },
  ) => void
  /** The workers that this member takes for alive, itself included. */
  readonly onMembers?: (info: { readonly workers: readonly string[] }) => void
}

/** How a member of a cluster is opened. Each queue's limits hold in each partition by itself. */
export interface ClusterOptions<H extends HandlerMap = HandlerMap>
  extends Omit<SchedulerOptions<H>, 'path' | 'store' | 'prefix' | 'sync' | 'events'> {
  /** Where tasks are kept and members meet. It stays open when the scheduler is closed. */
  readonly transport: Transport
  /** Schedulers with the same namespace on one transport are one cluster. Default `default`. */
  readonly namespace?: string
  /** Partitions of a namespace that is new, 1 to 1 024. Default 16. The number stays. */
  readonly partitions?: number
  /** `false`: a namespace that is not there is not made. Default `true`. */
  readonly createIfMissing?: boolean
  /**
   * A lease that was not renewed for this long is over. A member that shows no life for half of it is
   * taken for dead, so what a killed process had is taken over so long after its last renewal.
   * An event loop that stands still for nearly as long loses its partitions. Default 5 000, at least 300.
   */
  readonly leaseTtlMs?: number
  /** How long a call waits for a partition that has no owner. Default 30 000. */
  readonly callTimeoutMs?: number
  /** A partition's log is compacted after so many bytes at the earliest. Default 8 MiB. */
  readonly compactBytes?: number
  /** A folder for local copies of partitions, which are thrown away. Default: a temporary one. */
  readonly path?: string
  /** Instead of `path`: an open store. The copies in it are thrown away. */
  readonly store?: Store
  readonly events?: ClusterEvents
}

/** What the cluster itself needs of its options. */
export interface ResolvedClusterOptions {
  readonly transport: Transport
  readonly names: Names
  /** Undefined: the namespace must be there. */
  readonly partitions: number | undefined
  readonly leaseTtlMs: number
  readonly callTimeoutMs: number
  readonly compactBytes: number
  readonly worker: boolean
  readonly concurrency: number
  readonly drainMs: number
  readonly clock: Clock
  readonly random: Random
}

const DAY_MS = 86_400_000

export function resolveClusterOptions(options: ClusterOptions): ResolvedClusterOptions {
  const { transport } = options
  if (typeof transport !== 'object' || transport === null) {
    throw new TypeError('transport must be a transport: nats(), embedded() or memory()')
  }
  if (options.path !== undefined && options.store !== undefined) {
    throw new TypeError('give either path or store')
  }
  const partitions = integer('partitions', options.partitions ?? 16, 1, MAX_PARTITIONS)
  return {
    transport,
    names: new Names(options.namespace ?? 'default'),
    partitions: options.createIfMissing === false ? undefined : partitions,
    leaseTtlMs: duration('leaseTtlMs', options.leaseTtlMs ?? 5_000, 300, DAY_MS),
    callTimeoutMs: duration('callTimeoutMs', options.callTimeoutMs ?? 30_000, 1, DAY_MS),
    compactBytes: integer('compactBytes', options.compactBytes ?? 8 * 1024 * 1024, 1_024, 2 ** 40),
    worker: options.run ?? true,
    concurrency: integer('concurrency', options.concurrency ?? 50, 1, 100_000),
    drainMs: duration('drainMs', options.drainMs ?? 10_000, 0, Number.MAX_SAFE_INTEGER),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  }
}
