import type { Bytes } from '../bytes/text.ts'
import { readError } from '../errors.ts'
import { type RangeOptions, resolveBounds, resolveLimit } from '../iterator/range.ts'
import { scan } from '../iterator/scan.ts'
import { type Entry, RangeIterator } from '../iterator/store-iterator.ts'
import type { TurnBudget } from '../iterator/turns.ts'
import { dropped } from '../keyspace/keyspace-errors.ts'
import type { Space } from '../keyspace/space.ts'
import type { Version } from '../manifest/version.ts'
import type { OwnView } from '../transaction/own-writes.ts'
import type { RangeWatch } from '../transaction/read-set.ts'
import type { LogSegment } from '../wal/log-segment.ts'
import { isChangedSince } from './changed-since.ts'
import type { OpenedStore } from './open-store.ts'
import { PointReader, type ReadPoint } from './point-reader.ts'
import { forgottenViews, ReadView } from './read-view.ts'
import type { ReadOptions, SnapshotRegistry } from './snapshot.ts'

/** What a key holds, with what is known about it. */
export interface KeyEntry {
  readonly value: Uint8Array
  /** Sequence of the newest write of the key: what `ifVersion` compares. */
  readonly version: number
  /** When it ends, in milliseconds since the epoch; undefined for never. */
  readonly expiresAt: number | undefined
}

/**
 * Operations after an iterator for which the order is kept up. It costs writers about a third of
 * their time, so a store that was iterated once, at its start perhaps, must not pay it for ever.
 */
const KEEP_ORDER_FOR = 16 * 1024

/** What an iterator of a transaction sees and tells. */
export interface TransactionView {
  readonly own: OwnView
  readonly watch: RangeWatch
}

/** @see Reads */
export interface ReadsOptions {
  readonly opened: OpenedStore
  readonly snapshots: SnapshotRegistry
  readonly turns: TurnBudget
  readonly visibleSequence: () => number
}

/** Answers reads from the memtables and tables of the moment. */
export class Reads {
  readonly views: Set<ReadView> = new Set()
  #iteratedAt = Number.NEGATIVE_INFINITY
  readonly #options: ReadsOptions
  readonly #reader: PointReader

  constructor(options: ReadsOptions) {
    const { segments, tables, path, options: open } = options.opened
    this.#options = options
    this.#reader = new PointReader(segments, tables, open.clock, path)
  }

  get turns(): TurnBudget {
    return this.#options.turns
  }

  /** Somebody iterated a while ago at most: memtables keep their order as they grow. */
  get keepsOrder(): boolean {
    return this.#options.visibleSequence() - this.#iteratedAt < KEEP_ORDER_FOR
  }

  /** Leads the reader to what a key holds; undefined when that is nothing. */
  #find(space: Space, key: Bytes, options: ReadOptions | undefined): PointReader | undefined {
    this.#options.opened.health.checkReadable()
    if (space.dropped) throw dropped(space.name)
    space.key.set(key)
    return this.#reader.find(space, this.#point(options)) ? this.#reader : undefined
  }

  #point(options: ReadOptions | undefined): ReadPoint {
    const { snapshots, visibleSequence } = this.#options
    if (options?.snapshot !== undefined) return snapshots.resolve(options.snapshot)
    this.#now.sequence = visibleSequence()
    return this.#now
  }

  /** The point of reads without a snapshot; one object for all of them. */
  readonly #now: { sequence: number; readonly now: undefined; readonly view: undefined } = {
    sequence: 0,
    now: undefined,
    view: undefined,
  }

  get(space: Space, key: Bytes, options: ReadOptions | undefined): Uint8Array | undefined {
    return this.#find(space, key, options)?.value()
  }

  has(space: Space, key: Bytes, options: ReadOptions | undefined): boolean {
    return this.#find(space, key, options) !== undefined
  }

  entry(space: Space, key: Bytes, options: ReadOptions | undefined): KeyEntry | undefined {
    const found = this.#find(space, key, options)
    if (found === undefined) return undefined
    const { sequence, expiresAt } = found
    return {
      value: found.value(),
      version: sequence,
      expiresAt: expiresAt === 0 ? undefined : expiresAt,
    }
  }

  /** Sequence of the newest write of what a key holds; undefined when it holds nothing. */
  version(space: Space, key: Bytes, options: ReadOptions | undefined): number | undefined {
    return this.#find(space, key, options)?.sequence
  }

  /** Sequence of the newest write to a key, as it stands in the store: deletes count. */
  newestWrite(key: Uint8Array): number {
    const found = this.#reader.locate(key, key.length, this.#options.visibleSequence())
    return Math.max(found ? this.#reader.sequence : 0, this.#reader.erased)
  }

  /** True when something in `[from, to)` was written after `sequence`, of which a snapshot is open. */
  isChanged(from: Uint8Array, to: Uint8Array, sequence: number): boolean {
    const { segments, tables, path } = this.#options.opened
    try {
      return isChangedSince(segments.list, tables.version, { from, to }, sequence)
    } catch (error) {
      throw readError(error, path)
    }
  }

  /** Holds memtables and tables until it is released, or the store is closed. */
  hold(segments: readonly LogSegment[], version: Version): ReadView {
    const view = new ReadView(segments, version, (released) => this.views.delete(released))
    this.views.add(view)
    return view
  }

  scan(space: Space, options: RangeOptions): AsyncIterableIterator<Entry> {
    const { health } = this.#options.opened
    return scan(this.iterator(space, options), () => health.checkReadable())
  }

  /** Entries of a keyspace; of a transaction with its own writes among them. */
  iterator(space: Space, options: RangeOptions, transaction?: TransactionView): RangeIterator {
    const { opened, turns } = this.#options
    const { health, segments, tables, keyspaces, path } = opened
    health.checkReadable()
    if (space.dropped) throw dropped(space.name)
    const { sequence, now, view: pinned } = this.#point(options)
    const own = resolveBounds(options)
    // As long as there is one keyspace only, it has no end to look out for.
    const bounds = keyspaces.any ? space.bounds(own) : own
    const limit = resolveLimit(options.limit)
    this.#iteratedAt = this.#options.visibleSequence()
    const view = this.hold(pinned?.segments ?? segments.list, pinned?.version ?? tables.version)
    const iterator = new RangeIterator({
      open: () => [...(transaction?.own.cursors() ?? []), ...view.cursors(bounds, sequence)],
      close: () => {
        forgottenViews.unwatch(view)
        view.release()
      },
      check: () => health.checkReadable(),
      wrap: (error) => readError(error, path),
      values: tables.context.values,
      sequence,
      ranges: view.ranges(),
      own: transaction?.own,
      watch: transaction?.watch,
      space,
      now: now ?? opened.options.clock.now(),
      bounds,
      reverse: options.reverse ?? false,
      limit,
      keysOnly: options.keysOnly ?? false,
      turns,
    })
    forgottenViews.watch(iterator, view)
    return iterator
  }
}
