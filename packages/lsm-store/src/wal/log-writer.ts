import { writeVarint } from '../bytes/integers.ts'
import type { Bytes } from '../bytes/text.ts'
import { isStoreError, type StoreError } from '../errors.ts'
import { writeFully } from '../fs/file-system.ts'
import {
  EncodedBatch,
  MAX_BATCH_BYTES,
  type Operation,
  operationBound,
  recordBound,
  writeOperation,
  writeRecord,
} from './batch.ts'
import { FRAME_CLOSED, GROUP_HEADER_BYTES, writeGroupHeader } from './log-format.ts'
import type { LogSegment } from './log-segment.ts'
import type { LogSyncer } from './log-syncer.ts'
import type { SpaceResolver } from './operation-target.ts'

/** When a write counts as done: after fdatasync, or after write(2) with a sync sooner or later. */
export type SyncMode = 'always' | 'interval' | 'none'

/** A group this large is written at once, not at the end of the turn. */
const LARGEST_GROUP_BYTES = 1024 * 1024
/** So many groups go by the tick queue before one waits for the event loop to turn. */
const GROUPS_BEFORE_TURN = 64
const NO_BYTES = new Uint8Array(0)
/** Longest varint in front of a batch: its count of operations. */
const COUNT_BYTES = 5

/** @see LogWriter */
export interface LogWriterOptions {
  readonly segment: LogSegment
  readonly lastSequence: number
  readonly syncer: LogSyncer
  readonly spaces: SpaceResolver
  /** The segment is full: make a new one that holds `bytes` more after its header. */
  readonly rotate: (bytes: number, nextSequence: number) => LogSegment
  readonly isFull: (segment: LogSegment, bytes: number) => boolean
  /**
   * Writing failed. Returns the error for those who wait: `STORE_FULL` when writing may go on later,
   * in a new segment; then what was not written is forgotten.
   */
  readonly onFailure: (error: unknown, segment: LogSegment) => StoreError
  /** Operations after this one were forgotten. */
  readonly onForgotten: (sequence: number) => void
  /** A group stands in the log. */
  readonly onWritten: () => void
  /** How long those who wait for a write are held back, for the background to catch up. */
  readonly throttle: () => Promise<void> | undefined
}

/** Everything written in one turn: one frame, one write(2), one promise for all who wait. */
class Group {
  readonly start: number
  readonly firstSequence: number
  written: PromiseWithResolvers<void> | undefined
  durable: PromiseWithResolvers<void> | undefined
  /** Somebody counts on the sync interval. */
  interval = false

  constructor(start: number, firstSequence: number) {
    this.start = start
    this.firstSequence = firstSequence
  }

  /** The promise for a write with this mode. */
  promise(mode: SyncMode): Promise<void> {
    if (mode === 'always') {
      this.durable ??= Promise.withResolvers<void>()
      return this.durable.promise
    }
    if (mode === 'interval') this.interval = true
    this.written ??= Promise.withResolvers<void>()
    return this.written.promise
  }

  reject(error: StoreError): void {
    this.written?.reject(error)
    this.durable?.reject(error)
  }
}

/**
 * Appends to the log and the memtable at once: records are encoded where they will stand in both,
 * visible when the call returns, and written to the file when the turn ends.
 */
export class LogWriter {
  segment: LogSegment
  /** Sequence of the newest operation. */
  lastSequence: number
  /** Sequence of the newest operation that is in the file. */
  writtenSequence: number
  /** What reads see: all operations, or after a failure those that are in the file. */
  visibleSequence: number
  groups = 0
  bytesWritten = 0
  readonly #options: LogWriterOptions
  #group: Group | undefined
  #sinceTurn = 0
  #failure: StoreError | undefined
  /** The segment's memory behind what was written is used up by what was forgotten. */
  #sealed = false
  readonly #commitLater: () => void
  readonly #served: Promise<void> = Promise.resolve()
  readonly #commitSoon = (): void => {
    if (this.#group !== undefined) process.nextTick(this.#commitLater)
  }

  constructor(options: LogWriterOptions) {
    this.#options = options
    this.segment = options.segment
    this.lastSequence = options.lastSequence
    this.writtenSequence = options.lastSequence
    this.visibleSequence = options.lastSequence
    this.#commitLater = () => this.commit()
  }

  /** One record, whose key stands behind the prefix. */
  append(
    kind: number,
    prefix: Uint8Array,
    key: Bytes,
    value: Bytes | undefined,
    expiresAt: number,
    mode: SyncMode,
  ): Promise<void> {
    const bound = recordBound(prefix, key, value)
    const start = this.#reserve(bound + 1)
    const { memtable, text } = this.segment
    const { arena } = memtable
    arena[start] = 1
    const end = writeRecord(text, arena, start + 1, kind, prefix, key, value, expiresAt)
    return this.#accept(start + 1, end, 1, mode)
  }

  /**
   * One record that ends its log, written at once; when it stands there, `attach` runs in the same turn.
   * The next write goes to another log. Rejects, as a write does, when it could not be written.
   */
  seal(
    kind: number,
    key: Uint8Array,
    value: Uint8Array,
    mode: SyncMode,
    attach: (segment: LogSegment) => void,
  ): Promise<void> {
    const failure = this.commit()
    if (failure !== undefined) throw failure
    const done = this.append(kind, NO_BYTES, key, value, 0, mode)
    const sequence = this.lastSequence
    this.commit()
    if (this.writtenSequence === sequence) attach(this.segment)
    return done
  }

  /** A batch. Resolves with the sequence of its last operation. */
  write(operations: readonly Operation[] | EncodedBatch, mode: SyncMode): Promise<number> {
    const done =
      operations instanceof EncodedBatch
        ? this.#writeEncoded(operations, mode)
        : this.#writeOperations(operations, mode)
    const sequence = this.lastSequence
    return done.then(() => sequence)
  }

  /** A batch that is in the file when the call returns, with all that was written before it. */
  writeNow(operations: readonly Operation[] | EncodedBatch, mode: SyncMode): number {
    // Its promise fails with what is thrown below.
    this.write(operations, mode).catch(() => {})
    const sequence = this.lastSequence
    const failure = this.commit()
    if (failure !== undefined) throw failure
    return sequence
  }

  #writeEncoded(batch: EncodedBatch, mode: SyncMode): Promise<void> {
    if (batch.size === 0) return Promise.resolve()
    const start = this.#reserve(batch.byteLength + COUNT_BYTES)
    const { arena } = this.segment.memtable
    const first = writeVarint(arena, start, batch.size)
    arena.set(batch.bytes.subarray(0, batch.byteLength), first)
    return this.#accept(first, first + batch.byteLength, batch.size, mode)
  }

  #writeOperations(operations: readonly Operation[], mode: SyncMode): Promise<void> {
    const { spaces } = this.#options
    let bound = COUNT_BYTES
    let count = 0
    for (const operation of operations) {
      const bytes = operationBound(operation, spaces)
      if (bytes > 0) count += 1
      bound += bytes
    }
    if (count === 0) return Promise.resolve()
    if (bound > MAX_BATCH_BYTES) {
      throw new RangeError(`a batch must have at most ${MAX_BATCH_BYTES} bytes`)
    }
    const start = this.#reserve(bound)
    const { memtable, text } = this.segment
    const { arena } = memtable
    const first = writeVarint(arena, start, count)
    let at = first
    for (const operation of operations) at = writeOperation(text, arena, at, operation, spaces)
    return this.#accept(first, at, count, mode)
  }

  /** Space for `bytes` in the open group: its place in the arena. Opens a group when none is. */
  #reserve(bytes: number): number {
    if (this.#failure !== undefined) throw this.#failure
    const needed = bytes + GROUP_HEADER_BYTES
    if (this.#sealed || this.#options.isFull(this.segment, needed)) {
      const failure = this.commit()
      if (failure !== undefined) throw failure
      this.#rotate(needed)
    }
    const { memtable } = this.segment
    if (this.#group === undefined) {
      this.#group = new Group(memtable.used, this.lastSequence + 1)
      memtable.used += GROUP_HEADER_BYTES
      this.#scheduleCommit()
    }
    return memtable.used
  }

  /** Ends the log and its memtable, and goes on in new ones. */
  cut(): void {
    const failure = this.commit()
    if (failure !== undefined) throw failure
    this.#rotate(0)
  }

  #rotate(bytes: number): void {
    try {
      this.segment = this.#options.rotate(bytes, this.lastSequence + 1)
      this.#sealed = false
    } catch (error) {
      if (isStoreError(error, 'STORE_BUSY')) throw error
      const failure = this.#options.onFailure(error, this.segment)
      if (failure.code !== 'STORE_FULL') this.fail(failure)
      throw failure
    }
  }

  #scheduleCommit(): void {
    // The tick queue runs when the promises of this turn have been served, so that all lanes that
    // they woke share the write. Now and then the loop must turn, or timers and sockets starve. A promise
    // comes first: it costs a tenth of a tick, which who calls `commit` at once needs not at all.
    this.#sinceTurn += 1
    if (this.#sinceTurn < GROUPS_BEFORE_TURN) void this.#served.then(this.#commitSoon)
    else {
      this.#sinceTurn = 0
      setImmediate(this.#commitLater)
    }
  }

  /** Makes records visible that stand in the arena. Returns the promise of their being written. */
  #accept(start: number, end: number, records: number, mode: SyncMode): Promise<void> {
    const group = this.#group as Group
    const { memtable } = this.segment
    memtable.used = end
    memtable.index(start, end, records)
    this.lastSequence += records
    this.visibleSequence = this.lastSequence
    // Before a commit, which settles what has been asked for by then.
    const promise = group.promise(mode)
    if (end - group.start >= LARGEST_GROUP_BYTES) this.commit()
    return promise
  }

  /** Writes the open group to the file. Returns the failure that its waiters get, if any. */
  commit(): StoreError | undefined {
    const group = this.#group
    if (group === undefined) return this.#failure
    this.#group = undefined
    if (this.#failure !== undefined) {
      group.reject(this.#failure)
      return this.#failure
    }
    const { segment } = this
    try {
      this.#writeGroup(segment, group)
    } catch (error) {
      const failure = this.#options.onFailure(error, segment)
      if (failure.code === 'STORE_FULL') this.#forget(segment, group)
      else this.fail(failure)
      group.reject(failure)
      return failure
    }
    this.#acknowledge(group)
    return undefined
  }

  /** Refuses all further writes; reads keep what the file has. */
  fail(failure: StoreError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.visibleSequence = this.writtenSequence
  }

  /** Makes the group undone: in memory, and in the file as far as it got there. */
  #forget(segment: LogSegment, group: Group): void {
    const { memtable, order, file } = segment
    const count = group.firstSequence - memtable.firstSequence
    memtable.forget(count, group.start)
    order.forget(count)
    this.lastSequence = this.writtenSequence
    this.visibleSequence = this.writtenSequence
    this.#sealed = true
    this.#options.onForgotten(this.writtenSequence)
    try {
      file.truncate(group.start)
    } catch (error) {
      this.fail(this.#options.onFailure(error, segment))
    }
  }

  #writeGroup(segment: LogSegment, group: Group): void {
    const { memtable, file, salt } = segment
    const { syncer } = this.#options
    const { start } = group
    writeGroupHeader(memtable.arena, start, memtable.used, {
      firstSequence: group.firstSequence,
      syncedSequence: syncer.syncedSequence,
      salt,
    })
    writeFully(file, memtable.arena, start, memtable.used, start)
    segment.written = memtable.used
    this.writtenSequence = this.lastSequence
    this.groups += 1
    this.bytesWritten += memtable.used - start
    syncer.wrote(segment, this.lastSequence)
  }

  #acknowledge(group: Group): void {
    const { syncer, throttle, onWritten } = this.#options
    const { durable, written } = group
    if (durable !== undefined) syncer.request().then(durable.resolve, durable.reject)
    else if (group.interval) syncer.schedule()
    if (written !== undefined) {
      const held = throttle()
      if (held === undefined) written.resolve()
      else held.then(written.resolve, written.reject)
    }
    onWritten()
  }

  /** After the last sync of a close: tells the next open that all before is durable. */
  writeClosedFrame(): void {
    const { segment } = this
    const { memtable, salt } = segment
    const start = memtable.used
    const end = start + GROUP_HEADER_BYTES
    if (this.#sealed || end > memtable.arena.length) return
    const header = {
      firstSequence: this.lastSequence + 1,
      syncedSequence: this.lastSequence,
      salt,
    }
    writeGroupHeader(memtable.arena, start, end, header, FRAME_CLOSED)
    writeFully(segment.file, memtable.arena, start, end, start)
    memtable.used = end
    segment.written = end
  }
}
