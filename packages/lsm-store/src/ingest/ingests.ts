import type { Bytes } from '../bytes/text.ts'
import { ioError, StoreError } from '../errors.ts'
import type { IngestInfo } from '../events.ts'
import type { TurnBudget } from '../iterator/turns.ts'
import { dropped } from '../keyspace/keyspace-errors.ts'
import type { Space } from '../keyspace/space.ts'
import { LEVELS } from '../manifest/version.ts'
import { KIND_INGEST } from '../memtable/record.ts'
import { compressionAt } from '../options.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import type { OpenedStore } from '../store/open-store.ts'
import type { WriteOptions } from '../store/writes.ts'
import { writtenBytes } from '../value-files/value-ref.ts'
import type { LogWriter, SyncMode } from '../wal/log-writer.ts'
import { expiryOf, type SpaceResolver } from '../wal/operation-target.ts'
import { encodeIngest, ingestedAt } from './ingest-record.ts'
import type { SortedChunk } from './sorted-chunk.ts'
import { TableStream } from './table-stream.ts'

/** What an ingest may be told. */
export interface IngestOptions extends WriteOptions {
  /** The entries are gone so many milliseconds after the call. Default: that of the keyspace. */
  readonly ttlMs?: number
  /** Gives up: nothing of it is then in the store. */
  readonly signal?: AbortSignal
}

/** Entries in key order, each key once. */
export type IngestSource =
  | Iterable<readonly [Bytes, Bytes]>
  | AsyncIterable<readonly [Bytes, Bytes]>

/** @see Ingests */
export interface IngestsOptions {
  readonly opened: OpenedStore
  readonly writer: LogWriter
  readonly spaces: SpaceResolver
  readonly turns: TurnBudget
  readonly mode: (options: WriteOptions) => SyncMode
  /** Tables are part of the store, by a record that ends its log. */
  readonly onIngested: () => void
}

/** Makes tables of sorted entries, and then part of the store in one moment, by one record in the log. */
export class Ingests {
  readonly #options: IngestsOptions
  /** Ends those who wait for the background when the store is closed. */
  readonly #waiting: Set<(error: StoreError) => void> = new Set()
  #isClosed = false

  constructor(options: IngestsOptions) {
    this.#options = options
  }

  async run(space: Space, source: IngestSource, options: IngestOptions): Promise<IngestInfo> {
    const { opened, spaces, mode } = this.#options
    opened.health.checkWritable()
    const sync = mode(options)
    const expiresAt = expiryOf(options.ttlMs, space, spaces)
    const after = this.#options.writer.lastSequence
    const stream = new TableStream({
      prefix: space.prefix,
      expiresAt,
      tableBytes: opened.options.tables.tableBytes,
      write: (chunk) => this.#write(chunk, after),
    })
    let isKept = false
    try {
      await this.#fill(stream, space, source, options.signal)
      await stream.finish()
      options.signal?.throwIfAborted()
      const { tables, entries } = stream
      const bytes = writtenBytes(tables)
      const info = { sequence: 0, entries, tables: tables.length, bytes }
      if (entries === 0) return info
      const claim = this.#claim(space, tables, sync, info)
      // Even when it failed the record may be in the log: then the next open finds out.
      isKept = true
      await claim.done
      return { ...info, sequence: claim.sequence }
    } catch (error) {
      await stream.stop()
      if (!isKept) this.#discard(stream.tables)
      throw error
    }
  }

  /** Reads the source to its end, or closes it. */
  async #fill(
    stream: TableStream,
    space: Space,
    source: IngestSource,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const take = (entry: readonly [Bytes, Bytes]): Promise<void> | undefined => {
      if (this.#isClosed) this.#options.opened.health.checkWritable()
      signal?.throwIfAborted()
      const [key, value] = entry
      if (value === undefined) throw new TypeError('value must not be undefined')
      space.checkKey(key)
      return stream.add(key, value) ?? this.#options.turns.due()
    }
    if (Symbol.asyncIterator in source) {
      for await (const entry of source) await take(entry)
      return
    }
    for (const entry of source) {
      const pause = take(entry)
      if (pause !== undefined) await pause
    }
  }

  async #write(chunk: SortedChunk, after: number): Promise<readonly TableMeta[]> {
    const { path, options, runner, numbers, health, keyspaces } = this.#options.opened
    health.checkWritable()
    const job = runner.run({
      kind: 'flush',
      directory: path,
      image: chunk.image,
      number: numbers.take(),
      numbers: 1,
      blockBytes: options.tables.blockBytes,
      partitionBytes: options.tables.partitionBytes,
      compression: compressionAt(options, LEVELS - 1),
      largeValueBytes: options.tables.largeValueBytes,
      spaces: keyspaces.settings(),
      snapshots: [],
      operators: [],
      expireBefore: 0,
      ingestedAfter: after,
    })
    try {
      return (await this.#untilClosed(job)).tables
    } catch (error) {
      throw ioError(error, 'write a table to', path)
    }
  }

  /** A runner that is closed leaves promises open: then this one fails. */
  #untilClosed<T>(job: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#waiting.add(reject)
    job.then(resolve, reject)
    return promise.finally(() => this.#waiting.delete(reject))
  }

  /** The moment at which it is in the store: newer than all before, older than all that comes. */
  #claim(
    space: Space,
    tables: readonly TableMeta[],
    sync: SyncMode,
    info: IngestInfo,
  ): { readonly sequence: number; readonly done: Promise<void> } {
    const { opened, writer, onIngested } = this.#options
    opened.health.checkWritable()
    if (space.dropped) throw dropped(space.name)
    const { smallest } = tables[0] as TableMeta
    const sequence = writer.lastSequence + 1
    const handles = tables.map((meta) => opened.tables.open(ingestedAt(meta, sequence)))
    const done = writer.seal(KIND_INGEST, smallest, encodeIngest(tables), sync, (segment) => {
      segment.attach(handles)
      opened.events.emit('onIngest', { ...info, sequence })
    })
    onIngested()
    return { sequence, done }
  }

  #discard(tables: readonly TableMeta[]): void {
    const { path, garbage } = this.#options.opened
    for (const meta of tables) garbage.removeTable(path, meta)
  }

  /** Those under way fail with `STORE_CLOSED`. */
  close(): void {
    this.#isClosed = true
    const message = 'The store was closed before the entries were ingested.'
    for (const reject of this.#waiting) reject(new StoreError('STORE_CLOSED', message))
  }
}
