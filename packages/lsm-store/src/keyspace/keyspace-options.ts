import { type CompactionPolicy, checkPolicy } from '../compaction/policy.ts'
import { type Compression, checkCompression } from '../compression/compression.ts'
import { MAX_VALUE_BYTES } from '../memtable/record.ts'
import { type MergeOption, mergeName } from '../merge/merge-operator.ts'
import { checkTtl } from '../wal/operation-target.ts'
import type { KeyspaceRecord } from './keyspace-record.ts'

/** How a keyspace is used. What is left out stays as it was given before. */
export interface KeyspaceOptions {
  /**
   * Entries written without a `ttlMs` of their own live so many milliseconds. Entries that are there
   * already keep what they have. Kept with the store.
   */
  readonly ttlMs?: number
  /**
   * What `merge()` does: the name of a built-in operator, or a module of yours. The name is kept with
   * the store; another one is refused. A module must be given each time that the store is opened.
   */
  readonly merge?: MergeOption
  /**
   * How blocks of its entries are compressed, on every level. Tables follow as they are compacted. Kept
   * with the store. Default: as `tables.compression` says.
   */
  readonly compression?: Compression
  /**
   * What becomes of its tables: see {@link CompactionPolicy}. Any but `leveled` gives it tables of its own
   * from the next flush on; what is in tables by then stays where it is. Kept with the store. Not for the
   * store's own keys.
   */
  readonly policy?: CompactionPolicy
  /**
   * A module whose default export is a {@link CompactionFilter}, as for `import()`: it is asked about
   * entries as they are compacted, and may drop them or change their values. Entries that a snapshot or an
   * iterator sees are left as they are to it. Not kept: give it each time that the store is opened.
   */
  readonly compactionFilter?: URL | string
  /** Its data blocks are cut at this size. Kept with the store. Default: `tables.blockBytes`. */
  readonly blockBytes?: number
  /**
   * Bits of a table's filter for each of its keys, 2 to 24: more spare a read that finds nothing more
   * blocks. Kept with the store. Default 10.
   */
  readonly filterBits?: number
  /**
   * Values of this size or larger go to files of their own, 0 for none. Kept with the store. Default:
   * `tables.largeValueBytes`.
   */
  readonly largeValueBytes?: number
}

/** What can be kept of it, checked: all but code. */
type Settings = Omit<KeyspaceOptions, 'merge' | 'compactionFilter'>

function settingsOf(options: Settings): Settings {
  const { ttlMs, compression, policy, blockBytes, filterBits, largeValueBytes } = options
  checkTtl(ttlMs)
  if (compression !== undefined) checkCompression('compression', compression)
  if (policy !== undefined) checkPolicy('policy', policy)
  if (blockBytes !== undefined) checkRange('blockBytes', blockBytes, 64, 32 * 1024)
  if (filterBits !== undefined) checkRange('filterBits', filterBits, 2, 24)
  if (largeValueBytes !== undefined) checkLargeValues('largeValueBytes', largeValueBytes)
  return {
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(compression === undefined ? {} : { compression }),
    ...(policy === undefined ? {} : { policy: { ...policy } }),
    ...(blockBytes === undefined ? {} : { blockBytes }),
    ...(filterBits === undefined ? {} : { filterBits }),
    ...(largeValueBytes === undefined ? {} : { largeValueBytes }),
  }
}

/** A pointer takes this much about: less would not get smaller. */
const LEAST_LARGE_VALUE = 32

export function checkLargeValues(field: string, value: number): number {
  if (value !== 0) checkRange(field, value, LEAST_LARGE_VALUE, MAX_VALUE_BYTES)
  return value
}

function checkRange(field: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${field} must be an integer from ${least} to ${most}, got ${String(value)}`)
}

/** The record of a keyspace that was `before` so and is opened with these options. */
export function recordOf(
  id: number,
  name: string,
  options: KeyspaceOptions,
  before: KeyspaceRecord | undefined,
): KeyspaceRecord {
  const settings = settingsOf({ ...before, ...settingsOf(options) })
  const merge = options.merge === undefined ? before?.merge : mergeName(options.merge)
  if (before?.merge !== undefined && merge !== before.merge) {
    throw new TypeError(
      `keyspace ${name} merges by ${before.merge}: its entries cannot be read by ${merge}`,
    )
  }
  if (settings.ttlMs !== undefined && merge !== undefined) {
    throw new TypeError('a keyspace has either ttlMs or merge: operands have no time of their own')
  }
  if (settings.policy?.kind === 'fifo' && merge !== undefined) {
    throw new TypeError(
      'a keyspace that merges cannot drop its oldest operands: no fifo with merge',
    )
  }
  return { id, name, ...settings, ...(merge === undefined ? {} : { merge }) }
}

/** True when these options change nothing. */
export function changesNothing(options: KeyspaceOptions, record: KeyspaceRecord): boolean {
  const { merge } = options
  if (merge !== undefined && mergeName(merge) !== record.merge) return false
  return isSame({ ...record, ...settingsOf(options) }, record)
}

/** True when two records say the same. */
export function isSame(a: KeyspaceRecord, b: KeyspaceRecord): boolean {
  const plain = (record: KeyspaceRecord): string =>
    JSON.stringify(Object.entries(record).sort(([x], [y]) => (x < y ? -1 : 1)))
  return plain(a) === plain(b)
}

/** Options of the store's own keys, checked. */
export function checkDefaultKeyspace(options: KeyspaceOptions): KeyspaceOptions {
  settingsOf(options)
  if (options.policy !== undefined && options.policy.kind !== 'leveled') {
    throw new TypeError('defaultKeyspace.policy must be leveled: use a keyspace of another name')
  }
  if (options.merge === undefined) return options
  mergeName(options.merge)
  if (options.ttlMs === undefined) return options
  throw new TypeError(
    'defaultKeyspace has either ttlMs or merge: operands have no time of their own',
  )
}
