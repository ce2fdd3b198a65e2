import { ChangeFeed, type ChangesOptions } from '../changes/change-feed.ts'
import type { Change } from '../changes/change-reader.ts'
import { backlogOf, policyPicker } from '../compaction/policy-picker.ts'
import type { StoreError } from '../errors.ts'
import { Ingests } from '../ingest/ingests.ts'
import { type KeyRange, resolveBounds } from '../iterator/range.ts'
import { TurnBudget } from '../iterator/turns.ts'
import type { Space } from '../keyspace/space.ts'
import { Transaction } from '../transaction/transaction.ts'
import type { Batch, Operation } from '../wal/batch.ts'
import type { LogSegment } from '../wal/log-segment.ts'
import { LogSyncer } from '../wal/log-syncer.ts'
import { LogWriter } from '../wal/log-writer.ts'
import { SpaceResolver } from '../wal/operation-target.ts'
import { Background } from './background.ts'
import { CutOff } from './cut-off.ts'
import { closed, tooBusy } from './health.ts'
import { KeyspaceAdmin } from './keyspace-admin.ts'
import { collectMetrics, type StoreMetrics } from './metrics.ts'
import type { OpenedStore } from './open-store.ts'
import { Reads } from './reads.ts'
import { type Snapshot, SnapshotRegistry } from './snapshot.ts'
import { SpaceProbe } from './space.ts'
import { STOP_MEMTABLES, WriteStalls } from './stalls.ts'
import { Writes } from './writes.ts'

/** Range deletes in a memtable: lookups in many cost more. */
const MEMTABLE_RANGES = 1024

/** The running store: joins the log, the memtables, the tables and the background. */
export class Engine {
  readonly turns: TurnBudget
  readonly #opened: OpenedStore
  readonly #snapshots: SnapshotRegistry = new SnapshotRegistry()
  readonly reads: Reads
  readonly writes: Writes
  readonly spaces: SpaceResolver
  readonly keyspaces: KeyspaceAdmin
  readonly ingests: Ingests
  readonly #feed: ChangeFeed
  readonly #syncer: LogSyncer
  readonly #writer: LogWriter
  readonly #background: Background
  readonly #stalls: WriteStalls
  readonly #space: SpaceProbe
  #closing: Promise<void> | undefined
  readonly #cutOff: CutOff = new CutOff()

  constructor(opened: OpenedStore) {
    const { options, segments, health, events, catalog, lastSequence } = opened
    const { clock, fileSystem } = options
    this.#opened = opened
    this.turns = new TurnBudget(opened.tables)
    this.spaces = new SpaceResolver(opened.keyspaces.default, clock)
    this.reads = new Reads({
      opened,
      snapshots: this.#snapshots,
      turns: this.turns,
      visibleSequence: () => this.lastSequence,
    })
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
      keyspaces: opened.keyspaces,
    })
    this.#writer = new LogWriter({
      segment: segments.active,
      lastSequence,
      syncer: this.#syncer,
      spaces: this.spaces,
      isFull: (segment, bytes) => this.#isFull(segment, bytes),
      rotate: (bytes, firstSequence) => this.#rotate(bytes, firstSequence),
      onFailure: (error, { path }) => health.fail(error, 'write', path),
      onForgotten: (sequence) => this.#snapshots.clamp(sequence),
      onWritten: () => this.#written(),
      throttle: () => this.#stalls.throttle(),
    })
    this.writes = new Writes(opened, this.#writer, this.spaces)
    this.keyspaces = new KeyspaceAdmin(opened, this.reads, this.#writer)
    this.ingests = this.#createIngests()
    this.#background = this.#createBackground()
    this.#space = new SpaceProbe({
      fileSystem,
      clock,
      directory: opened.path,
      health,
      onReturned: () => this.#background.poke(),
    })
    this.#listen()
    health.state = 'open'
    this.#updateBacklog()
    this.#background.poke()
  }

  #listen(): void {
    const { health, tables, keyspaces } = this.#opened
    health.hasReturned = () => this.#space.hasReturned()
    health.onFull = () => {
      this.#space.watch()
      this.#stalls.release()
    }
    health.onPoisoned = (failure) => {
      this.#writer.fail(failure)
      this.#stalls.release()
    }
    this.#snapshots.pin = () =>
      this.#background.isFiltering
        ? this.reads.hold(this.#opened.segments.list, tables.version)
        : undefined
    this.#snapshots.onClosed = () => {
      if (tables.version.ranges.size + keyspaces.policies().size > 0) this.#background.poke()
    }
  }

  #createIngests(): Ingests {
    return new Ingests({
      opened: this.#opened,
      writer: this.#writer,
      spaces: this.spaces,
      turns: this.turns,
      mode: (given) => this.writes.mode(given),
      onIngested: () => this.#makeTablesOf(this.#opened.segments.active),
    })
  }

  #createBackground(): Background {
    const { path, options, runner, tables, segments, numbers, health, events, keyspaces } =
      this.#opened
    return new Background({
      path,
      options,
      clock: options.clock,
      runner,
      picker: policyPicker({
        ...options.tables,
        policies: () => keyspaces.policies(),
        moment: () => ({ now: options.clock.now(), snapshots: this.#snapshots.sequences() }),
      }),
      tables,
      segments,
      numbers,
      snapshots: this.#snapshots,
      keyspaces,
      health,
      events,
      syncLogs: () => this.#syncer.request(),
      onFlushed: (segment) => this.#retire(segment),
      discard: (meta) => this.#opened.garbage.removeTable(path, meta),
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

  /** Flushes a log that ends with an ingest soon, for its tables to be where compaction sees them. */
  #makeTablesOf(segment: LogSegment): void {
    if (segment.ingested.length === 0) return
    try {
      this.#writer.cut()
    } catch {
      // It stands in the log. That there is no other log the next write hears, from its own attempt.
    }
  }

  #isFull({ memtable, ingested }: LogSegment, bytes: number): boolean {
    if (ingested.length > 0) return true
    if (memtable.used + bytes > memtable.arena.length) return true
    if (memtable.ranges.size >= MEMTABLE_RANGES) return true
    return memtable.bytes >= this.#opened.options.memtableBytes
  }

  #written(): void {
    const { segments, options, factory } = this.#opened
    const { memtable, order } = segments.active
    this.#feed.wake()
    if (memtable.bytes * 2 > options.memtableBytes) factory.prepare()
    if (this.reads.keepsOrder) order.keepUp()
  }

  #rotate(bytes: number, firstSequence: number): LogSegment {
    const { path, options, segments, factory, catalog } = this.#opened
    const unflushed = segments.list.reduce((sum, { memtable }) => sum + memtable.bytes, 0)
    if (unflushed > options.maxUnflushedBytes) throw tooBusy(path, unflushed)
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
    const { segments, tables, keyspaces } = this.#opened
    const levelZeroTables = backlogOf(tables.version, keyspaces.policies())
    this.#stalls.update({ unflushedMemtables: segments.unflushed, levelZeroTables })
  }

  writeSync(operations: readonly Operation[] | Batch): number {
    this.#opened.health.checkWritable()
    const { sync } = this.#opened.options
    const batch = this.writes.checkBatch(operations)
    return this.#writer.writeNow(batch, sync === 'none' ? 'none' : 'interval')
  }

  snapshot(): Snapshot {
    const { health, options } = this.#opened
    health.checkReadable()
    return this.#snapshots.create(this.#writer.visibleSequence, options.clock.now())
  }

  begin(): Transaction {
    const { health, options } = this.#opened
    health.checkWritable()
    const { reads, writes, spaces } = this
    const now = options.clock.now()
    const snapshot = this.#snapshots.create(this.#writer.visibleSequence, now)
    return new Transaction({ reads, writes, spaces, snapshot, now })
  }

  /** Changes of one keyspace, or of all. */
  changes(space: Space | undefined, options: ChangesOptions): AsyncIterableIterator<Change> {
    this.#opened.health.checkReadable()
    return this.#feed.read(space, options)
  }

  /** Returns the failure that writes get from now on, if there is one. */
  writeOut(): StoreError | undefined {
    return this.#writer.commit()
  }

  /** All operations up to this one are in the log file. */
  get writtenSequence(): number {
    return this.#writer.writtenSequence
  }

  async sync(): Promise<void> {
    const { health } = this.#opened
    health.checkUsable()
    this.#writer.commit()
    health.checkUsable()
    await this.#syncer.request()
  }

  async flush(): Promise<void> {
    const { health, segments } = this.#opened
    this.#opened.health.checkWritable()
    const last = segments.active
    // Many small memtables would be in nobody's interest: let the others go first.
    if (segments.unflushed >= STOP_MEMTABLES) await this.#background.flushed(last.number - 1)
    health.checkWritable()
    if (last === segments.active && last.memtable.count > 0) this.#writer.cut()
    await this.#background.flushed(last.number - (last === segments.active ? 1 : 0))
  }

  /** Compacts a range of a keyspace, or of everything. */
  async compact(space: Space | undefined, range: KeyRange): Promise<void> {
    const own = resolveBounds(range)
    const { from, to } = space === undefined ? own : space.bounds(own)
    await this.flush()
    await this.#cutOff.wait(this.#background.compactRange(from, to))
  }

  metrics(): StoreMetrics {
    return collectMetrics({
      opened: this.#opened,
      writer: this.#writer,
      syncer: this.#syncer,
      background: this.#background,
      stalls: this.#stalls,
      openSnapshots: this.#snapshots.size,
      openIterators: this.reads.views.size,
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

  /** Makes the log durable, and short for who opens it next. */
  async #settle(): Promise<void> {
    const { health, options } = this.#opened
    if (health.failure !== undefined || options.readOnly) return
    await this.#syncer.request()
    await this.#flushMuch()
    if (health.failure === undefined) this.#markClosed()
  }

  /** Writes much to tables. That it did not work is told by events, and costs only time at the next open. */
  async #flushMuch(): Promise<void> {
    const { health, segments, options } = this.#opened
    const bytes = segments.list.reduce((sum, { memtable }) => sum + memtable.bytes, 0)
    if (health.full !== undefined || bytes <= options.flushOnCloseBytes) return
    try {
      if (segments.active.memtable.count > 0) this.#writer.cut()
      await this.#background.drain()
    } catch (error) {
      options.logger.warn('could not flush at close', { path: this.path, error })
    }
  }

  async #endWork(): Promise<void> {
    try {
      await this.#settle()
    } finally {
      await this.#background.close()
    }
  }

  async #close(): Promise<void> {
    const { health, segments, tables, factory, garbage, lock } = this.#opened
    health.state = 'closing'
    this.ingests.close()
    this.#space.close()
    this.#writer.commit()
    this.#feed.close()
    this.#stalls.release()
    try {
      await this.#endWork()
    } finally {
      this.#cutOff.end(closed(this.path))
      await this.#syncer.close()
      for (const view of this.reads.views) view.release()
      await tables.close()
      await factory.close()
      await garbage.settled()
      for (const segment of segments.list) {
        segment.detach()
        segment.file.close()
      }
      this.#snapshots.closeAll()
      lock.release()
      health.state = 'closed'
    }
  }
}
