import {
  type Clock,
  type Logger,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from '@ashlar/codec'
import type { Store, StoreOptions } from '@ashlar/lsm-store'
import type { Transport } from '@ashlar/transport'
import type { ReplicatorEvents } from './events.ts'
import type { TableSettings } from './ledger/table-state.ts'
import type { TombstoneLimits } from './ledger/tombstones.ts'
import { checkName, checkRoot } from './protocol/subjects.ts'
import type { MergePolicy } from './row/local-write.ts'

/** A table of this node. */
export interface TableOptions {
  /** 1 to 63 letters, digits, `-` or `_`. Means the same table on every node. */
  readonly name: string
  /** Other nodes may subscribe to it. Default false. */
  readonly publish?: boolean
  /** Publish also what came from other nodes, as a hub does. Default false. */
  readonly forward?: boolean
  /**
   * What `patch` writes: `record` the whole record anew, so that the last writer wins as a whole;
   * `field` only its fields, so that patches of different fields by different nodes all stay.
   * Default `record`.
   */
  readonly merge?: MergePolicy
}

/** When tombstones of deleted records are collected. */
export interface TombstoneOptions {
  /** Kept at least so long, whoever has seen them. Default one hour. */
  readonly minAgeMs?: number
  /**
   * Gone after so long even if a known subscriber has not seen them: it takes a snapshot when it
   * comes back. Subscribers not heard of for so long are forgotten. Default seven days.
   */
  readonly maxAgeMs?: number
  /** How often is looked. Default one minute. */
  readonly intervalMs?: number
}

/** How a replicator is opened. */
export interface ReplicatorOptions {
  /** Name of this node, unlike any other's: 1 to 63 letters, digits, `-` or `_`. Never changes. */
  readonly node: string
  /** Directory of a store that the replicator opens and closes itself; or give `store`. */
  readonly path?: string
  /** Options of the store at `path`. Default `changeRetentionBytes` here: 64 MiB. */
  readonly storeOptions?: StoreOptions
  /** An open store, which may hold other data too; keys from `rep:` on are the replicator's. */
  readonly store?: Store
  /** Left open by `close`. */
  readonly transport: Transport
  readonly tables: readonly TableOptions[]
  /** Default the system's. */
  readonly clock?: Clock
  /** For the jitter of retries. Default the system's. */
  readonly random?: Random
  /** Default silent. */
  readonly logger?: Logger
  /** Told of facts; cannot change them. */
  readonly events?: ReplicatorEvents
  /** First tokens of all subjects. Default `rep`. The same on all nodes. */
  readonly subjectPrefix?: string
  /** Writes stamped further ahead of this clock wait until it has come there. Default 60,000. */
  readonly maxDriftMs?: number
  /** Between two heartbeats of a feed, and two acknowledgements. Default 1000. */
  readonly heartbeatMs?: number
  /** How long an answer of a publisher is waited for. Default 5000. */
  readonly requestTimeoutMs?: number
  /** Longest pause between two attempts to reach a publisher. Default 5000. */
  readonly retryMaxMs?: number
  /** Size of a page of the log or of a snapshot. Default and most: a quarter of a payload. */
  readonly pageBytes?: number
  /** Largest transaction. Default and most: half of a payload of the transport. */
  readonly maxTransactionBytes?: number
  /** Known subscribers of one table; a further one is refused. Default 10,000. */
  readonly maxSubscribers?: number
  /** Snapshots kept open for subscribers that read them. Default 16. */
  readonly maxSnapshots?: number
  readonly tombstones?: TombstoneOptions
}

/** Options with every default filled in. */
export interface ResolvedOptions
  extends Omit<Required<ReplicatorOptions>, 'path' | 'store' | 'tables' | 'tombstones'> {
  readonly path: string | undefined
  readonly store: Store | undefined
  readonly tables: readonly TableSettings[]
  readonly tombstones: TombstoneLimits & { readonly intervalMs: number }
}

const TABLES_MAX = 1024
const DAY_MS = 86_400_000
/** Changes for those who stay away a while: the log is the queue. */
const RETENTION_BYTES = 64 * 1024 * 1024
const MS_MAX = 10 * 365 * DAY_MS

/** Fills in defaults and checks every field once; throws TypeError or RangeError naming it. */
export function resolveOptions(options: ReplicatorOptions): ResolvedOptions {
  const { node, path, store, transport, tables } = options
  checkName('node', node)
  if ((path === undefined) === (store === undefined)) {
    throw new TypeError('give either path, to open a store there, or store')
  }
  if (typeof transport?.request !== 'function') throw new TypeError('transport must be a Transport')
  const subjectPrefix: unknown = options.subjectPrefix ?? 'rep'
  checkRoot('subjectPrefix', subjectPrefix)
  const payload = transport.supports.maxPayloadBytes
  const pageMost = Math.floor(payload / 4)
  const transactionMost = Math.floor(payload / 2)
  return {
    node,
    path,
    store,
    transport,
    subjectPrefix,
    storeOptions: { changeRetentionBytes: RETENTION_BYTES, ...options.storeOptions },
    tables: resolveTables(tables),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger: options.logger ?? silentLogger,
    events: options.events ?? {},
    maxDriftMs: integer('maxDriftMs', options.maxDriftMs ?? 60_000, 0, MS_MAX),
    heartbeatMs: integer('heartbeatMs', options.heartbeatMs ?? 1000, 5, 600_000),
    requestTimeoutMs: integer('requestTimeoutMs', options.requestTimeoutMs ?? 5000, 10, 600_000),
    retryMaxMs: integer('retryMaxMs', options.retryMaxMs ?? 5000, 10, 600_000),
    pageBytes: integer('pageBytes', options.pageBytes ?? pageMost, 1024, pageMost),
    maxTransactionBytes: integer(
      'maxTransactionBytes',
      options.maxTransactionBytes ?? transactionMost,
      1024,
      transactionMost,
    ),
    maxSubscribers: integer('maxSubscribers', options.maxSubscribers ?? 10_000, 1, 1_000_000),
    maxSnapshots: integer('maxSnapshots', options.maxSnapshots ?? 16, 1, 10_000),
    tombstones: resolveTombstones(options.tombstones ?? {}),
  }
}

function resolveTables(tables: readonly TableOptions[]): TableSettings[] {
  if (!Array.isArray(tables) || tables.length === 0 || tables.length > TABLES_MAX) {
    throw new RangeError(`tables must list 1 to ${TABLES_MAX} tables`)
  }
  const names = new Set<string>()
  return tables.map(({ name, publish = false, forward = false, merge = 'record' }, index) => {
    checkName(`tables[${index}].name`, name)
    if (names.has(name)) throw new TypeError(`tables: ${name} stands twice`)
    names.add(name)
    if (forward && !publish) throw new TypeError(`tables: ${name} forwards but does not publish`)
    if (merge !== 'record' && merge !== 'field') {
      throw new TypeError(`tables[${index}].merge must be 'record' or 'field'`)
    }
    return { name, publish, forward, merge }
  })
}

function resolveTombstones(options: TombstoneOptions): ResolvedOptions['tombstones'] {
  const minAgeMs = integer('tombstones.minAgeMs', options.minAgeMs ?? DAY_MS / 24, 0, MS_MAX)
  const maxAgeMs = options.maxAgeMs ?? Math.max(7 * DAY_MS, minAgeMs)
  return {
    minAgeMs,
    maxAgeMs: integer('tombstones.maxAgeMs', maxAgeMs, minAgeMs, MS_MAX),
    intervalMs: integer('tombstones.intervalMs', options.intervalMs ?? 60_000, 100, DAY_MS),
  }
}

function integer(field: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`${field} must be an integer from ${least} to ${most}, got ${String(value)}`)
}
