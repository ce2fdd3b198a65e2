import { copyRange } from '../bytes/copy.ts'
import { hashRange } from '../bytes/hash.ts'
import { type Bytes, KeyScratch, toBytes } from '../bytes/text.ts'
import { ChangeFeed, type ChangesOptions } from '../changes/change-feed.ts'
import type { Change } from '../changes/change-reader.ts'
import { ioError, StoreError } from '../errors.ts'
import { isMissing, type StoreLock } from '../fs/file-system.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { type RangeOptions, resolveBounds, resolveLimit } from '../iterator/range.ts'
import { RangeIterator, type StoreIterator } from '../iterator/store-iterator.ts'
import { TurnBudget } from '../iterator/turns.ts'
import { MemtableCursor } from '../memtable/memtable-cursor.ts'
import { KIND_PUT } from '../memtable/record.ts'
import { checkSync, type ResolvedOptions } from '../options.ts'
import { type Batch, EncodedBatch, type Operation } from '../wal/batch.ts'
import { LogCatalog } from '../wal/log-catalog.ts'
import { createSegment, type LogSegment } from '../wal/log-segment.ts'
import { LogSyncer } from '../wal/log-syncer.ts'
import { LogWriter, type SyncMode } from '../wal/log-writer.ts'
import { recoverLogs } from '../wal/recover-logs.ts'
import type { StoreMetrics } from './metrics.ts'
import { type ReadOptions, type Snapshot, SnapshotRegistry } from './snapshot.ts'
import type { StoreState } from './store.ts'

const ARENA_SLACK = 64 * 1024

export class Engine {
  readonly path: string
  readonly turns: TurnBudget = new TurnBudget()
  state: StoreState = 'opening'
  readonly #options: ResolvedOptions
  readonly #lock: StoreLock
  readonly #snapshots: SnapshotRegistry = new SnapshotRegistry()
  readonly #catalog: LogCatalog
  readonly #feed: ChangeFeed
  readonly #syncer: LogSyncer
  readonly #writer: LogWriter
  /** Newest first. */
  #segments: LogSegment[]
  readonly #key: KeyScratch = new KeyScratch()
  #nextNumber: number
  #failure: StoreError | undefined
  #closing: Promise<void> | undefined
  #iterators = 0

  static async open(path: string, options: ResolvedOptions): Promise<Engine> {
    const { fileSystem } = options
    if (options.createIfMissing) fileSystem.makeDirectory(path)
    let lock: StoreLock | undefined
    try {
      lock = fileSystem.lock(path)
      return new Engine(path, options, lock)
    } catch (error) {
      lock?.release()
      if (isMissing(error)) throw missing(path)
      throw ioError(error, 'open', path)
    }
  }

  private constructor(path: string, options: ResolvedOptions, lock: StoreLock) {
    const { fileSystem, clock } = options
    this.path = path
    this.#options = options
    this.#lock = lock
    this.#catalog = new LogCatalog(fileSystem)
    const names = fileSystem.list(path)
    const numbers = names
      .filter((name) => name.endsWith('.log'))
      .map(Number.parseFloat)
      .sort((a, b) => a - b)
    if (numbers.length === 0 && !options.createIfMissing) throw missing(path)
    if (numbers.length > 0 && options.errorIfExists) {
      throw new StoreError('STORE_EXISTS', `${path} holds a store already.`, { path })
    }
    const capacity = options.memtableBytes + ARENA_SLACK
    const nextSequence = 1
    const logs = recoverLogs({ fileSystem, directory: path, numbers, nextSequence, capacity })
    this.#nextNumber = (numbers.at(-1) ?? 0) + 1
    this.#segments = logs.segments.reverse()
    if (this.#segments.length === 0) this.#segments = [this.#newSegment(1, 0)]
    for (const segment of this.#segments.toReversed()) this.#catalog.addSegment(segment)
    const segment = this.#segments[0] as LogSegment
    segment.file.syncNow()
    const lastSequence = segment.memtable.lastSequence
    if (logs.droppedBytes > 0) {
      options.events.onRecovery?.({ droppedBytes: logs.droppedBytes, lastSequence })
    }
    this.#syncer = new LogSyncer({
      clock,
      intervalMs: options.syncIntervalMs,
      syncedSequence: lastSequence,
      onFailure: (error, failed) => this.#poison(error, 'sync', failed.path),
    })
    this.#writer = new LogWriter({
      segment,
      lastSequence,
      syncer: this.#syncer,
      isFull: (current, bytes) => this.#isFull(current, bytes),
      rotate: (_full, bytes, sequence) => this.#rotate(bytes, sequence),
      onFailure: (error, failed) => this.#poison(error, 'write', failed.path),
      onWritten: () => this.#feed.wake(),
      throttle: () => undefined,
    })
    this.#feed = new ChangeFeed({
      fileSystem,
      catalog: this.#catalog,
      turns: this.turns,
      lastSequence: () => this.lastSequence,
    })
    this.state = 'open'
  }

  get lastSequence(): number {
    return this.#writer.visibleSequence
  }

  get oldestChange(): number {
    return this.#catalog.oldestChange
  }

  #newSegment(firstSequence: number, bytes: number): LogSegment {
    const { fileSystem, clock, memtableBytes } = this.#options
    const number = this.#nextNumber++
    const capacity = Math.max(memtableBytes, bytes) + ARENA_SLACK
    return createSegment({
      fileSystem,
      clock,
      directory: this.path,
      number,
      firstSequence,
      capacity,
    })
  }

  #isFull({ memtable }: LogSegment, bytes: number): boolean {
    if (memtable.used + bytes > memtable.arena.length) return true
    return memtable.bytes >= this.#options.memtableBytes
  }

  #rotate(bytes: number, firstSequence: number): LogSegment {
    const segment = this.#newSegment(firstSequence, bytes)
    this.#segments = [segment, ...this.#segments]
    this.#catalog.addSegment(segment)
    return segment
  }

  #poison(cause: unknown, action: string, path: string): StoreError {
    const error = ioError(cause, action, path)
    if (this.#failure !== undefined) return this.#failure
    this.#failure = new StoreError(
      'STORE_POISONED',
      `${this.path} takes no more writes since this failed: ${error.message} Reopen the store.`,
      { cause: error, path },
    )
    if (this.state === 'open') this.state = 'poisoned'
    this.#writer.fail(this.#failure)
    this.#options.events.onError?.({ error, poisoned: true })
    return error
  }

  #checkReadable(): void {
    if (this.state === 'closed' || this.state === 'closing') throw closed(this.path)
  }

  #sequence(options: ReadOptions | undefined): number {
    if (options?.snapshot === undefined) return this.#writer.visibleSequence
    return this.#snapshots.resolve(options.snapshot)
  }

  get(key: Bytes, options?: ReadOptions): Uint8Array | undefined {
    this.#checkReadable()
    const sequence = this.#sequence(options)
    const { bytes, length } = this.#key.set(key)
    const hash = hashRange(bytes, 0, length)
    for (const { memtable } of this.#segments) {
      const id = memtable.find(bytes, length, hash, sequence)
      if (id < 0) continue
      const record = memtable.read(id)
      if (record.kind !== KIND_PUT) return undefined
      return copyRange(memtable.arena, record.keyEnd, record.valueEnd)
    }
    return undefined
  }

  has(key: Bytes, options?: ReadOptions): boolean {
    return this.get(key, options) !== undefined
  }

  put(key: Bytes, value: Bytes | undefined, mode: SyncMode | undefined): Promise<void> {
    try {
      this.#checkWritable()
      return this.#writer.put(key, value, this.#mode(mode))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  write(operations: readonly Operation[] | Batch, mode: SyncMode | undefined): Promise<number> {
    try {
      this.#checkWritable()
      if (!Array.isArray(operations) && !(operations instanceof EncodedBatch)) {
        throw new TypeError('operations must be an array or come from store.batch()')
      }
      return this.#writer.write(operations, this.#mode(mode))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #mode(mode: SyncMode | undefined): SyncMode {
    return mode === undefined ? this.#options.sync : checkSync(mode)
  }

  #checkWritable(): void {
    if (this.state === 'open') return
    if (this.#failure !== undefined) throw this.#failure
    throw closed(this.path)
  }

  iterator(options: RangeOptions): StoreIterator {
    this.#checkReadable()
    const segments = this.#segments
    this.#iterators += 1
    return new RangeIterator({
      open: () => cursorsOf(segments),
      close: () => {
        this.#iterators -= 1
      },
      check: () => this.#checkReadable(),
      sequence: this.#sequence(options),
      bounds: resolveBounds(options),
      reverse: options.reverse ?? false,
      limit: resolveLimit(options.limit),
      keysOnly: options.keysOnly ?? false,
      turns: this.turns,
    })
  }

  snapshot(): Snapshot {
    this.#checkReadable()
    return this.#snapshots.create(this.#writer.visibleSequence)
  }

  changes(options: ChangesOptions): AsyncIterableIterator<Change> {
    this.#checkReadable()
    return this.#feed.read(options)
  }

  async sync(): Promise<void> {
    this.#checkWritable()
    this.#writer.commit()
    this.#checkWritable()
    await this.#syncer.request()
  }

  async flush(): Promise<void> {
    this.#checkWritable()
  }

  async compact(range: { readonly gte?: Bytes; readonly lt?: Bytes }): Promise<void> {
    this.#checkWritable()
    toBytes(range.gte ?? '')
  }

  metrics(): StoreMetrics {
    return Object.freeze({
      lastSequence: this.lastSequence,
      oldestChange: this.oldestChange,
      memtableBytes: this.#segments.reduce((sum, { memtable }) => sum + memtable.bytes, 0),
      unflushedMemtables: this.#segments.length - 1,
      logBytes: this.#catalog.bytes,
      logBytesWritten: this.#writer.bytesWritten,
      logGroups: this.#writer.groups,
      logSyncs: this.#syncer.syncs,
      openSnapshots: this.#snapshots.size,
      openIterators: this.#iterators,
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.state = 'closing'
    this.#writer.commit()
    this.#feed.close()
    try {
      if (this.#failure === undefined) {
        await this.#syncer.request()
        this.#writer.writeClosedFrame()
      }
    } finally {
      await this.#syncer.close()
      for (const { file } of this.#segments) file.close()
      this.#snapshots.closeAll()
      this.#lock.release()
      this.state = 'closed'
    }
  }
}

function cursorsOf(segments: readonly LogSegment[]): Cursor[] {
  return segments.flatMap(({ memtable, order }) =>
    order.runs().map((run) => new MemtableCursor(memtable, run)),
  )
}

function closed(path: string): StoreError {
  return new StoreError('STORE_CLOSED', `${path} is closed: open it again.`, { path })
}

function missing(path: string): StoreError {
  return new StoreError('STORE_MISSING', `${path} holds no store: set createIfMissing.`, { path })
}
