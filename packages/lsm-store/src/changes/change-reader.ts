import { compareBytes, rangeEquals } from '../bytes/compare.ts'
import { copyRange } from '../bytes/copy.ts'
import { frameEnd } from '../bytes/frame.ts'
import { readUint32, readUint48, VarintReader } from '../bytes/integers.ts'
import { corruption, readError, StoreError } from '../errors.ts'
import { type FileSystem, readFully, type StoreFile } from '../fs/file-system.ts'
import { decodeIngest, type IngestRecord } from '../ingest/ingest-record.ts'
import { isBefore, prefixEnd, successor } from '../iterator/range.ts'
import type { Keyspaces } from '../keyspace/keyspaces.ts'
import { DEFAULT_END, PREFIX_BYTES, type Space, spaceIdOf } from '../keyspace/space.ts'
import {
  EXPIRY_BYTES,
  KIND_DELETE,
  KIND_EXPIRING_PUT,
  KIND_INGEST,
  KIND_MERGE,
  KIND_RANGE_DELETE,
  RecordReader,
} from '../memtable/record.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import type { CatalogEntry, LogCatalog } from '../wal/log-catalog.ts'
import {
  FILE_HEADER_BYTES,
  FRAME_CLOSED,
  GROUP_HEADER_BYTES,
  readGroupHeader,
} from '../wal/log-format.ts'

const READ_BYTES = 64 * 1024

/** What all operations of a {@link Change} have. */
export interface ChangeTarget {
  /** Name of the keyspace; not there for the store's own keys, and in changes of one keyspace. */
  readonly keyspace?: string
}

/** One operation of a {@link Change}. */
export type ChangeOperation =
  | ({
      readonly type: 'put'
      readonly key: Uint8Array
      readonly value: Uint8Array
      /** When it ends, in milliseconds since the epoch; not there for never. */
      readonly expiresAt?: number
    } & ChangeTarget)
  | ({ readonly type: 'delete'; readonly key: Uint8Array } & ChangeTarget)
  | ({
      /** The value is an operand. */
      readonly type: 'merge'
      readonly key: Uint8Array
      readonly value: Uint8Array
    } & ChangeTarget)
  | ({
      /** All keys of `[gte, lt)`; without `lt`, all from `gte` on. */
      readonly type: 'deleteRange'
      readonly gte: Uint8Array
      readonly lt: Uint8Array | undefined
    } & ChangeTarget)
  | ({
      /**
       * Entries with keys from `gte` to `lte` came by one ingest. They are not in the feed: read the range,
       * which shows them as they are by then.
       */
      readonly type: 'ingest'
      readonly gte: Uint8Array
      readonly lte: Uint8Array
      readonly entries: number
    } & ChangeTarget)

/** One batch, as it was written. */
export interface Change {
  /** Sequence of the batch's last operation: pass it as `since` to go on after it. */
  readonly sequence: number
  readonly operations: readonly ChangeOperation[]
}

/** Which changes are wanted. */
export interface ChangeFilter {
  readonly since: number
  /** Undefined: all keyspaces. */
  readonly space: Space | undefined
  readonly prefix: Uint8Array | undefined
}

/** Reads batches from the logs, one frame in memory at a time. */
export class ChangeReader {
  readonly #fileSystem: FileSystem
  readonly #catalog: LogCatalog
  readonly #keyspaces: Keyspaces
  readonly #space: Space | undefined
  readonly #prefix: Uint8Array | undefined
  #since: number
  #entry: CatalogEntry | undefined
  #file: StoreFile | undefined
  /** Offset in the file of the next frame. */
  #offset = 0
  #buffer: Uint8Array = new Uint8Array(READ_BYTES)
  /** The part of the file that the buffer holds. */
  #windowStart = 0
  #windowEnd = 0
  #ready: Change[] = []
  readonly #record: RecordReader = new RecordReader()

  constructor(
    fileSystem: FileSystem,
    catalog: LogCatalog,
    keyspaces: Keyspaces,
    { since, space, prefix }: ChangeFilter,
  ) {
    this.#fileSystem = fileSystem
    this.#catalog = catalog
    this.#keyspaces = keyspaces
    this.#space = space
    this.#since = since
    this.#prefix = prefix
  }

  /** The next batch, or undefined when the log has no more for now. */
  next(): Change | undefined {
    try {
      while (this.#ready.length === 0) {
        if (!this.#findFrame()) return undefined
        this.#ready = this.#readFrame().reverse()
      }
    } catch (error) {
      throw readError(error, this.#entry?.path ?? 'the log')
    }
    return this.#ready.pop()
  }

  close(): void {
    this.#file?.close()
    this.#file = undefined
    this.#entry = undefined
    this.#ready = []
  }

  /** Makes `#entry` and `#offset` point at a frame; false when there is none yet. */
  #findFrame(): boolean {
    if (this.#entry === undefined) return this.#openEntry()
    const entry = this.#entry
    if (this.#offset < entry.length()) return true
    const { entries } = this.#catalog
    const last = entries[entries.length - 1]
    // While it is the newest one more may come; so may it when it was just superseded.
    if (last === undefined || last.number === entry.number) return false
    if (this.#offset < entry.length()) return true
    this.#file?.close()
    this.#file = undefined
    this.#entry = undefined
    // A power cut may have undone the removal of this log and not that of the one behind it.
    if (this.#since < entry.lastSequence()) this.#catalog.forget(entry.number)
    return this.#openEntry()
  }

  #openEntry(): boolean {
    const { entries, oldestChange } = this.#catalog
    if (this.#since < oldestChange) throw truncated(this.#since, oldestChange)
    const entry = entries.find((candidate) => candidate.lastSequence() > this.#since)
    if (entry === undefined) return false
    this.#entry = entry
    this.#file = this.#fileSystem.open(entry.path, 'read')
    this.#offset = FILE_HEADER_BYTES
    this.#windowEnd = 0
    return this.#offset < entry.length()
  }

  #readFrame(): Change[] {
    const entry = this.#entry as CatalogEntry
    const start = this.#offset
    const end = this.#load(entry, start)
    const frame = this.#buffer.subarray(start - this.#windowStart, end - this.#windowStart)
    this.#offset = end
    if (frame[8] === FRAME_CLOSED) return []
    return this.#batches(entry, start, frame)
  }

  /** Brings the whole frame at `start` into the buffer; returns where it ends in the file. */
  #load(entry: CatalogEntry, start: number): number {
    const limit = entry.length() - start
    if (start + 9 > this.#windowEnd) this.#read(start, limit)
    const needed = 9 + readUint32(this.#buffer, start - this.#windowStart)
    if (start + needed > this.#windowEnd && needed <= limit) {
      if (needed > this.#buffer.length) this.#buffer = new Uint8Array(needed)
      this.#read(start, limit)
    }
    const at = start - this.#windowStart
    const end = frameEnd(this.#buffer, at, this.#windowEnd - this.#windowStart)
    if (end - at < GROUP_HEADER_BYTES) {
      throw corruption(entry.path, start, 'no whole frame with a fitting checksum')
    }
    return start + end - at
  }

  #read(position: number, limit: number): void {
    const length = Math.min(limit, this.#buffer.length)
    this.#windowStart = position
    this.#windowEnd =
      position + readFully(this.#file as StoreFile, this.#buffer, 0, length, position)
  }

  #batches(entry: CatalogEntry, start: number, frame: Uint8Array): Change[] {
    const changes: Change[] = []
    const varints = new VarintReader(frame, GROUP_HEADER_BYTES)
    let sequence = readGroupHeader(frame, 0).firstSequence - 1
    while (varints.offset < frame.length) {
      const count = varints.next()
      const wanted = sequence + count > this.#since
      const operations: ChangeOperation[] = []
      for (let i = 0; i < count; i++) {
        if (varints.failed || !this.#readRecord(frame, varints.offset)) {
          throw corruption(entry.path, start, 'the frame holds a malformed batch')
        }
        varints.offset = this.#record.valueEnd
        sequence += 1
        if (wanted && this.#matches(frame)) operations.push(this.#operation(frame))
      }
      if (!wanted) continue
      this.#since = sequence
      if (operations.length > 0) changes.push({ sequence, operations })
    }
    return changes
  }

  #readRecord(frame: Uint8Array, offset: number): boolean {
    const record = this.#record
    if (!record.read(frame, offset, frame.length)) return false
    if (record.kind !== KIND_INGEST) return true
    return decodeIngest(frame.subarray(record.keyEnd, record.valueEnd), 0) !== undefined
  }

  #matches(frame: Uint8Array): boolean {
    const { kind, keyStart, keyEnd, valueEnd } = this.#record
    const id = spaceIdOf(frame, keyStart, keyEnd)
    if (this.#space !== undefined && id !== this.#space.id) return false
    const prefix = this.#prefix
    if (prefix === undefined) return true
    const skip = id === 0 ? 0 : PREFIX_BYTES
    const start = keyStart + skip
    if (kind === KIND_INGEST) {
      const { gte, lte } = ingestedRange(frame.subarray(keyEnd, valueEnd), skip)
      const end = prefixEnd(prefix)
      if (end !== undefined && compareBytes(gte, end) >= 0) return false
      return compareBytes(lte, prefix) >= 0
    }
    if (kind === KIND_RANGE_DELETE) {
      const end = prefixEnd(prefix)
      if (end !== undefined && !isBefore(frame, start, keyEnd, end)) return false
      if (isEndOf(id, frame, keyEnd, valueEnd)) return true
      return !isBefore(frame, keyEnd + skip, valueEnd, successor(prefix))
    }
    if (keyEnd - start < prefix.length) return false
    return prefix.every((byte, i) => frame[start + i] === byte)
  }

  #operation(frame: Uint8Array): ChangeOperation {
    const { kind, keyStart, keyEnd, valueEnd } = this.#record
    const id = spaceIdOf(frame, keyStart, keyEnd)
    const skip = id === 0 ? 0 : PREFIX_BYTES
    const named = id !== 0 && this.#space === undefined
    const target = named ? { keyspace: this.#keyspaces.nameOf(id) } : {}
    const key = copyRange(frame, keyStart + skip, keyEnd)
    if (kind === KIND_DELETE) return { type: 'delete', key, ...target }
    if (kind === KIND_RANGE_DELETE) {
      const open = isEndOf(id, frame, keyEnd, valueEnd)
      const lt = open ? undefined : copyRange(frame, keyEnd + skip, valueEnd)
      return { type: 'deleteRange', gte: key, lt, ...target }
    }
    if (kind === KIND_EXPIRING_PUT) {
      const value = copyRange(frame, keyEnd + EXPIRY_BYTES, valueEnd)
      return { type: 'put', key, value, expiresAt: readUint48(frame, keyEnd), ...target }
    }
    if (kind === KIND_INGEST) {
      return { type: 'ingest', ...ingestedRange(frame.subarray(keyEnd, valueEnd), skip), ...target }
    }
    const type = kind === KIND_MERGE ? 'merge' : 'put'
    return { type, key, value: copyRange(frame, keyEnd, valueEnd), ...target }
  }
}

/** True when the bound is that of a keyspace: the range then has no end of its own. */
function isEndOf(id: number, frame: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true
  if (id === 0) return rangeEquals(frame, start, end, DEFAULT_END, DEFAULT_END.length)
  return end - start === PREFIX_BYTES && spaceIdOf(frame, start, end) === id + 1
}

/** What an ingest's record says, without the prefix of its keyspace. */
function ingestedRange(
  value: Uint8Array,
  skip: number,
): { readonly gte: Uint8Array; readonly lte: Uint8Array; readonly entries: number } {
  const { tables } = decodeIngest(value, 0) as IngestRecord
  const [first] = tables as [TableMeta]
  const last = tables.at(-1) as TableMeta
  const entries = tables.reduce((sum, meta) => sum + meta.entries, 0)
  return { gte: first.smallest.slice(skip), lte: last.largest.slice(skip), entries }
}

export function truncated(since: number, oldest: number): StoreError {
  return new StoreError(
    'CHANGES_TRUNCATED',
    `Changes after ${since} are no longer in the log, which goes back to ${oldest}: ` +
      'read a snapshot, then changes() from its sequence. Raise changeRetentionBytes to keep more.',
  )
}
