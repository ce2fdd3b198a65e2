import type { Compression } from '../compression/compression.ts'
import type { FileSystem, StoreFile } from '../fs/file-system.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { spaceIdOf } from '../keyspace/space.ts'
import type { SpaceSettings } from '../keyspace/space-settings.ts'
import { BITS_PER_KEY } from '../sstable/bloom.ts'
import { TableBuilder } from '../sstable/table-builder.ts'
import { tableName } from '../sstable/table-format.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { valueFileName } from '../value-files/value-file-format.ts'
import type { ValueFiles } from '../value-files/value-files.ts'
import { valueFilesOf } from '../value-files/value-ref.ts'
import { type SeparationRule, ValueSeparator } from '../value-files/value-separator.ts'
import type { JobShard } from './job.ts'

/** A value file is full with the bytes of so many tables; the table with its pointers then ends too. */
const VALUE_FILE_TABLES = 4
/** However large tables may be; what a memtable holds is less. */
const MOST_VALUE_FILE_BYTES = 2 ** 31

/** @see OutputWriter */
export interface OutputOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly number: number
  readonly numbers: number
  readonly blockBytes: number
  /** Default: that of {@link TableBuilder}. */
  readonly partitionBytes?: number
  readonly compression: Compression
  /** Default: none. */
  readonly largeValueBytes?: number
  readonly spaces?: readonly SpaceSettings[]
  /** Tables whose entries may point into value files. */
  readonly pointing?: readonly TableMeta[]
  /** Of these, what is written anew. */
  readonly moving?: readonly number[]
  /** Reads what is. */
  readonly values?: ValueFiles
  readonly tableBytes: number
  readonly level: number
  readonly inputs: readonly number[]
  /** All that range deletes up to this sequence delete is left out. */
  readonly clearedSequence: number
  /** @see TableOrigin */
  readonly ingestedAfter?: number
  readonly shard?: JobShard
}

/** Writes sorted entries to as many tables as it takes. */
export class OutputWriter {
  readonly #options: OutputOptions
  readonly #tables: TableMeta[] = []
  #builder: TableBuilder | undefined
  #file: StoreFile | undefined
  #started = 0
  /** Bytes of finished tables. */
  #finished = 0
  /** Keyspace of the entry added last. */
  #space = 0

  readonly #settings: ReadonlyMap<number, SpaceSettings>
  readonly #separator: ValueSeparator
  /** What happens to values of that keyspace. */
  #rule: SeparationRule

  constructor(options: OutputOptions) {
    const { fileSystem, directory, pointing = [], moving = [], values } = options
    this.#options = options
    this.#settings = new Map((options.spaces ?? []).map((settings) => [settings.space, settings]))
    const files = valueFilesOf(pointing)
    this.#separator = new ValueSeparator({
      fileSystem,
      directory,
      files,
      moving: new Set(moving),
      values,
    })
    this.#rule = { largeValueBytes: 0, compression: options.compression }
  }

  /** Written and collected so far, with values. */
  get bytes(): number {
    const { finishedBytes, bytes } = this.#separator
    return this.#finished + (this.#builder?.size ?? 0) + finishedBytes + bytes
  }

  /** Adds an entry. Tables are cut between keys, never between the versions of one. */
  add(entry: Cursor, newKey: boolean): void {
    const before = this.#space
    if (newKey) {
      const { key, keyStart, keyEnd } = entry
      this.#space = key[keyStart] === 0xff ? spaceIdOf(key, keyStart, keyEnd) : 0
      if (this.#builder !== undefined && this.#isFull(this.#builder, before)) {
        this.#finishTable(false)
      }
    }
    const builder = this.#builder ?? this.#startTable()
    if (this.#space !== before || builder.entries === 0) this.#adapt(builder)
    builder.add(this.#separator.take(entry, builder.number, this.#rule), newKey)
  }

  /** Writes as the keyspace wants it. */
  #adapt(builder: TableBuilder): void {
    const settings = this.#settings.get(this.#space)
    const { blockBytes, largeValueBytes = 0 } = this.#options
    const compression = settings?.compression ?? this.#options.compression
    builder.adapt(
      compression,
      settings?.blockBytes ?? blockBytes,
      settings?.filterBits ?? BITS_PER_KEY,
    )
    this.#rule = { largeValueBytes: settings?.largeValueBytes ?? largeValueBytes, compression }
  }

  /** Tables of some size end with their keyspace: dropping it then drops them unread. */
  #isFull({ size }: TableBuilder, before: number): boolean {
    const { tableBytes } = this.#options
    const mostValues = Math.min(VALUE_FILE_TABLES * tableBytes, MOST_VALUE_FILE_BYTES)
    if (size >= tableBytes || this.#separator.bytes >= mostValues) return true
    if (this.#space === before) return false
    return size >= tableBytes / 8 || this.#hasOwn(before) || this.#hasOwn(this.#space)
  }

  #hasOwn(space: number): boolean {
    return this.#settings.get(space)?.ownTables === true
  }

  #startTable(): TableBuilder {
    const { fileSystem, number, numbers } = this.#options
    const { blockBytes, compression, partitionBytes } = this.#options
    if (this.#started >= numbers) throw new RangeError('more output tables than numbers set aside')
    const own = number + this.#started
    this.#started += 1
    this.#file = fileSystem.open(this.#path(own), 'create')
    this.#builder = new TableBuilder(this.#file, own, blockBytes, compression, partitionBytes)
    return this.#builder
  }

  #path(number: number): string {
    return `${this.#options.directory}/${tableName(number)}`
  }

  #finishTable(lastPart: boolean): void {
    const { level, inputs, number, clearedSequence, ingestedAfter, shard } = this.#options
    const ingested = ingestedAfter === undefined ? {} : { ingestedAfter }
    const builder = this.#builder as TableBuilder
    const part = this.#tables.length
    const shared = shard === undefined ? {} : { shard: shard.index, shards: shard.count }
    const job = shard?.job ?? number
    const origin = { level, inputs, job, part, lastPart, ...ingested, ...shared }
    // Durable first: no table ever points to what is not there.
    const values = this.#separator.finish()
    const meta = builder.finish(origin, clearedSequence, values)
    this.#tables.push(meta)
    this.#finished += meta.bytes
    this.#file?.close()
    this.#file = undefined
    this.#builder = undefined
  }

  /** The tables, durable under their names. */
  finish(): readonly TableMeta[] {
    if (this.#builder !== undefined) this.#finishTable(true)
    if (this.#tables.length > 0) this.#options.fileSystem.syncDirectoryNow(this.#options.directory)
    return this.#tables
  }

  /** Removes what was written. */
  abandon(): void {
    const { fileSystem, directory, number } = this.#options
    this.#file?.close()
    this.#separator.abandon()
    const tables = Array.from({ length: this.#started }, (_, i) => this.#path(number + i))
    const values = this.#separator.made.map((own) => `${directory}/${valueFileName(own)}`)
    for (const path of [...tables, ...values]) {
      try {
        fileSystem.removeNow(path)
      } catch {
        // The failure that led here counts; the next open removes files that nothing refers to.
      }
    }
  }
}
