import { copyRange } from '../bytes/copy.ts'
import { hashRange } from '../bytes/hash.ts'
import { type Bytes, checkBytes, KeyScratch, toBytes } from '../bytes/text.ts'
import { ChangeFeed, type ChangesOptions } from '../changes/change-feed.ts'
import type { Change } from '../changes/change-reader.ts'
import { leveledPicker } from '../compaction/picker.ts'
import { StoreError } from '../errors.ts'
import { type RangeOptions, resolveBounds, resolveLimit } from '../iterator/range.ts'
import { RangeIterator, type StoreIterator } from '../iterator/store-iterator.ts'
import { TurnBudget } from '../iterator/turns.ts'
import { KIND_PUT } from '../memtable/record.ts'
import { checkSync } from '../options.ts'
import { type Batch, EncodedBatch, type Operation } from '../wal/batch.ts'
import type { LogSegment } from '../wal/log-segment.ts'
import { LogSyncer } from '../wal/log-syncer.ts'
import { LogWriter, type SyncMode } from '../wal/log-writer.ts'
import { Background } from './background.ts'
import { readError } from './health.ts'
import type { StoreMetrics } from './metrics.ts'
import type { OpenedStore } from './open-store.ts'
import { forgottenViews, ReadView } from './read-view.ts'
import { type ReadOptions, type Snapshot, SnapshotRegistry } from './snapshot.ts'
import { STOP_MEMTABLES, WriteStalls } from './stalls.ts'

/** So much may wait to be flushed before writes are refused: in memtables, and at least in bytes. */
const BUSY_MEMTABLES = 8
const BUSY_BYTES = 64 * 1024 * 1024

/** The running store: joins the log, the memtables, the tables and the background. */
export class Engine {
  readonly turns: TurnBudget = new TurnBudget()
  readonly #opened: OpenedStore
  readonly #snapshots: SnapshotRegistry = new SnapshotRegistry()
  readonly #views: Set<ReadView> = new Set()
  readonly #feed: ChangeFeed
  readonly #syncer: LogSyncer
  readonly #writer: LogWriter
  readonly #background: Background
  readonly #stalls: WriteStalls
  readonly #key: KeyScratch = new KeyScratch()
  /** Somebody iterates in this store: memtables keep their order as they grow. */
  #ordered = false
  #closing: Promise<void> | undefined

  constructor(opened: OpenedStore) {
    const { options, segments, health, events, catalog, lastSequence } = opened
    const { clock, fileSystem } = options
    this.#opened = opened
    this.#syncer = new LogSyncer({
      clock,
      intervalMs: options.syncIntervalMs,
      syncedSequence: lastSequence,
      onFailure: (error, { path }) => health.poison(error, 'sync', path),
    })
    this.#stalls = new WriteStalls({
      clock,
      levelZeroTables: options.tables.levelZeroTables,
      onStall: (info) => events.emit('onStall', info),
    })
    this.#feed = new ChangeFeed({
      fileSystem,
      catalog,
      turns: this.turns,
      lastSequence: () => this.lastSequence,
    })
    this.#writer = new LogWriter({
      segment: segments.active,
      lastSequence,
      syncer: this.#syncer,
      isFull: (segment, bytes) => this.#isFull(segment, bytes),
      rotate: (bytes, firstSequence) => this.#rotate(bytes, firstSequence),
      onFailure: (error, { path }) => health.poison(error, 'write', path),
      onWritten: () => this.#written(),
      throttle: () => this.#stalls.throttle(),
    })
    this.#background = this.#createBackground()
    health.onPoisoned = (failure) => {
      this.#writer.fail(failure)
      this.#stalls.release()
    }
    health.state = 'open'
    this.#updateBacklog()
    this.#background.poke()
  }

  #createBackground(): Background {
    const { path, options, runner, tables, segments, numbers, health, events } = this.#opened
    return new Background({
      path,
      options,
      clock: options.clock,
      runner,
      picker: leveledPicker(options.tables),
      tables,
      segments,
      numbers,
      snapshots: this.#snapshots,
      health,
      events,
      syncLogs: () => this.#syncer.request(),
      onFlushed: (segment) => this.#retire(segment),
      onProgress: () => this.#updateBacklog(),
    })
  }

  get opened(): OpenedStore {
    return this.#opened
  }

  get path(): string {
    return this.#opened.path
  }

  get state(): OpenedStore['health']['state'] {
    return this.#opened.health.state
  }

  get lastSequence(): number {
    return this.#writer.visibleSequence
  }

  get oldestChange(): number {
    return this.#opened.catalog.oldestChange
  }

  #isFull({ memtable }: LogSegment, bytes: number): boolean {
    if (memtable.used + bytes > memtable.arena.length) return true
    return memtable.bytes >= this.#opened.options.memtableBytes
  }

  #written(): void {
    const { segments, options, factory } = this.#opened
    const { memtable, order } = segments.active
    this.#feed.wake()
    if (memtable.bytes * 2 > options.memtableBytes) factory.prepare()
    if (this.#ordered) order.keepUp()
  }

  #rotate(bytes: number, firstSequence: number): LogSegment {
    const { path, options, segments, factory, catalog } = this.#opened
    const { memtableBytes } = options
    const unflushed = segments.list.reduce((sum, { memtable }) => sum + memtable.bytes, 0)
    if (unflushed > Math.max(BUSY_BYTES, BUSY_MEMTABLES * memtableBytes)) {
      throw busy(path, unflushed)
    }
    const segment = factory.create(firstSequence, bytes)
    segments.add(segment)
    catalog.addSegment(segment)
    this.#updateBacklog()
    this.#background.poke()
    return segment
  }

  /** A memtable is in a table: its log is needed for `changes()` at most. */
  #retire(segment: LogSegment): void {
    const { catalog, options, tables, garbage } = this.#opened
    this.#syncer.retire(segment, segment.memtable.lastSequence)
    catalog.freeze(segment.number)
    const removed = catalog.trim(tables.firstLog, options.changeRetentionBytes)
    for (const path of removed) garbage.remove(path)
    segment.release()
  }

  #updateBacklog(): void {
    const { segments, tables } = this.#opened
    const levelZeroTables = tables.version.levels[0]?.length ?? 0
    this.#stalls.update({ unflushedMemtables: segments.unflushed, levelZeroTables })
  }

  #sequence(options: ReadOptions | undefined): number {
    if (options?.snapshot === undefined) return this.#writer.visibleSequence
    return this.#snapshots.resolve(options.snapshot)
  }

  get(key: Bytes, options?: ReadOptions): Uint8Array | undefined {
    return this.#find(key, options, true)
  }

  has(key: Bytes, options?: ReadOptions): boolean {
    return this.#find(key, options, false) !== undefined
  }

  #find(key: Bytes, options: ReadOptions | undefined, wantsValue: boolean): Uint8Array | undefined {
    const { health, segments, tables } = this.#opened
    health.checkReadable()
    const sequence = this.#sequence(options)
    const { bytes, length } = this.#key.set(key)
    const hash = hashRange(bytes, 0, length)
    const { list } = segments
    for (let i = 0; i < list.length; i++) {
      const { memtable } = list[i] as LogSegment
      const id = memtable.find(bytes, length, hash, sequence)
      if (id < 0) continue
      const { kind, keyEnd, valueEnd } = memtable.read(id)
      if (kind !== KIND_PUT) return undefined
      return wantsValue ? copyRange(memtable.arena, keyEnd, valueEnd) : bytes
    }
    try {
      if (!tables.version.find(bytes, length, hash, sequence)) return undefined
    } catch (error) {
      throw readError(error, this.path)
    }
    const { block } = tables.context
    if (block.kind !== KIND_PUT) return undefined
    return wantsValue ? copyRange(block.bytes, block.valueStart, block.valueEnd) : bytes
  }

  put(key: Bytes, value: Bytes | undefined, mode: SyncMode | undefined): Promise<void> {
    try {
      this.#opened.health.checkWritable()
      return this.#writer.put(key, value, this.#mode(mode))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  write(operations: readonly Operation[] | Batch, mode: SyncMode | undefined): Promise<number> {
    try {
      this.#opened.health.checkWritable()
      checkBatch(operations)
      return this.#writer.write(operations, this.#mode(mode))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  writeSync(operations: readonly Operation[] | Batch): number {
    this.#opened.health.checkWritable()
    checkBatch(operations)
    const { sync } = this.#opened.options
    return this.#writer.writeNow(operations, sync === 'none' ? 'none' : 'interval')
  }

  #mode(mode: SyncMode | undefined): SyncMode {
    return mode === undefined ? this.#opened.options.sync : checkSync(mode)
  }

  iterator(options: RangeOptions): StoreIterator {
    const { health, segments, tables } = this.#opened
    health.checkReadable()
    const sequence = this.#sequence(options)
    const bounds = resolveBounds(options)
    const limit = resolveLimit(options.limit)
    this.#ordered = true
    const view = new ReadView(segments.list, tables.version, (released) =>
      this.#views.delete(released),
    )
    this.#views.add(view)
    const iterator = new RangeIterator({
      open: () => view.cursors(bounds),
      close: () => {
        forgottenViews.unwatch(view)
        view.release()
      },
      check: () => health.checkReadable(),
      wrap: (error) => readError(error, this.path),
      sequence,
      bounds,
      reverse: options.reverse ?? false,
      limit,
      keysOnly: options.keysOnly ?? false,
      turns: this.turns,
    })
    forgottenViews.watch(iterator, view)
    return iterator
  }

  snapshot(): Snapshot {
    this.#opened.health.checkReadable()
    return this.#snapshots.create(this.#writer.visibleSequence)
  }

  changes(options: ChangesOptions): AsyncIterableIterator<Change> {
    this.#opened.health.checkReadable()
    return this.#feed.read(options)
  }

  writeOut(): void {
    this.#writer.commit()
  }

  async sync(): Promise<void> {
    const { health } = this.#opened
    health.checkWritable()
    this.#writer.commit()
    health.checkWritable()
    await this.#syncer.request()
  }

  async flush(): Promise<void> {
    const { health, segments } = this.#opened
    health.checkWritable()
    const last = segments.active
    // Many small memtables would be in nobody's interest: let the others go first.
    if (segments.unflushed >= STOP_MEMTABLES) await this.#background.flushed(last.number - 1)
    health.checkWritable()
    if (last === segments.active && last.memtable.count > 0) this.#writer.cut()
    await this.#background.flushed(last.number - (last === segments.active ? 1 : 0))
  }

  async compact(range: { readonly gte?: Bytes; readonly lt?: Bytes }): Promise<void> {
    const bound = (field: string, value: Bytes | undefined): Uint8Array | undefined => {
      if (value === undefined) return undefined
      checkBytes(value, field)
      return toBytes(value)
    }
    const from = bound('gte', range.gte)
    const to = bound('lt', range.lt)
    await this.flush()
    await this.#background.compactRange(from, to)
  }

  metrics(): StoreMetrics {
    const { segments, tables, catalog } = this.#opened
    const { cache, version } = tables
    const all = [...version.tables()]
    return Object.freeze({
      lastSequence: this.lastSequence,
      oldestChange: this.oldestChange,
      memtableBytes: segments.list.reduce((sum, { memtable }) => sum + memtable.bytes, 0),
      unflushedMemtables: segments.unflushed,
      logBytes: catalog.bytes,
      logBytesWritten: this.#writer.bytesWritten,
      logGroups: this.#writer.groups,
      logSyncs: this.#syncer.syncs,
      tables: all.length,
      tableBytes: all.reduce((sum, { meta }) => sum + meta.bytes, 0),
      tablesPerLevel: version.levels.map((level) => level.length),
      ...this.#background.counts,
      cacheBytes: cache.used,
      cacheHits: cache.hits,
      cacheMisses: cache.misses,
      stalls: this.#stalls.stalls,
      stalledMs: this.#stalls.stalledMs,
      openSnapshots: this.#snapshots.size,
      openIterators: this.#views.size,
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Everything is durable already; the mark only tells a later open to insist on all of it. */
  #markClosed(): void {
    const { options } = this.#opened
    try {
      this.#writer.writeClosedFrame()
    } catch (error) {
      options.logger.warn('could not mark the log as closed', { path: this.path, error })
    }
  }

  async #close(): Promise<void> {
    const { health, segments, tables, factory, garbage, lock } = this.#opened
    health.state = 'closing'
    this.#writer.commit()
    this.#feed.close()
    this.#stalls.release()
    try {
      await this.#background.close()
      if (health.failure === undefined) {
        await this.#syncer.request()
        this.#markClosed()
      }
    } finally {
      await this.#syncer.close()
      for (const view of this.#views) view.release()
      await tables.close()
      await factory.close()
      await garbage.settled()
      for (const { file } of segments.list) file.close()
      this.#snapshots.closeAll()
      lock.release()
      health.state = 'closed'
    }
  }
}

function checkBatch(
  operations: readonly Operation[] | Batch,
): asserts operations is readonly Operation[] | EncodedBatch {
  if (Array.isArray(operations) || operations instanceof EncodedBatch) return
  throw new TypeError('operations must be an array or come from store.batch()')
}

function busy(path: string, bytes: number): StoreError {
  return new StoreError(
    'STORE_BUSY',
    `${path} has ${bytes} bytes waiting to be flushed: wait for the promises of earlier writes ` +
      'before making more.',
    { path },
  )
}
