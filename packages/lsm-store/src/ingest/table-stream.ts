import type { Bytes } from '../bytes/text.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { recordBound } from '../wal/batch.ts'
import { SortedChunk } from './sorted-chunk.ts'

/** Room for the entry that fills a chunk. */
const SLACK_BYTES = 64 * 1024
/** A chunk starts with this and grows: what is small needs no more. */
const FIRST_BYTES = 256 * 1024

/** @see TableStream */
export interface TableStreamOptions {
  /** Stands in front of each key. */
  readonly prefix: Uint8Array
  /** When the entries end, in milliseconds since the epoch; 0 is never. */
  readonly expiresAt: number
  /** A chunk with so many bytes becomes a table. */
  readonly tableBytes: number
  /** Writes a chunk to a table; rejects when the store closes meanwhile. */
  readonly write: (chunk: SortedChunk) => Promise<readonly TableMeta[]>
}

/**
 * Makes tables of entries that come in key order: while the background writes one chunk the next one
 * fills, and a source that is faster waits.
 */
export class TableStream {
  readonly tables: TableMeta[] = []
  entries = 0
  readonly #options: TableStreamOptions
  #chunk: SortedChunk
  #spare: SortedChunk | undefined
  #writing: Promise<void> | undefined
  /** Of the chunk before. */
  #lastKey: Uint8Array | undefined

  constructor(options: TableStreamOptions) {
    this.#options = options
    this.#chunk = new SortedChunk(Math.min(FIRST_BYTES, this.#full))
  }

  /** Takes an entry. A promise must be awaited before the next one. */
  add(key: Bytes, value: Bytes): Promise<void> | undefined {
    const { prefix, tableBytes } = this.#options
    const bound = recordBound(prefix, key, value)
    this.#enlarge(bound)
    if (this.#chunk.used + bound > this.#chunk.capacity) {
      return this.#rollOver(bound).then(() => {
        this.#put(key, value)
      })
    }
    this.#put(key, value)
    return this.#chunk.used >= tableBytes ? this.#rollOver(0) : undefined
  }

  /** Bytes of an ordinary chunk. */
  get #full(): number {
    return this.#options.tableBytes + SLACK_BYTES
  }

  #enlarge(bytes: number): void {
    const { used, capacity } = this.#chunk
    if (used + bytes <= capacity || used + bytes > this.#full) return
    this.#chunk.enlarge(Math.min(this.#full, Math.max(capacity * 4, used + bytes)))
  }

  #put(key: Bytes, value: Bytes): void {
    const { prefix, expiresAt } = this.#options
    if (!this.#chunk.add(prefix, key, value, expiresAt, this.#lastKey)) {
      throw new RangeError(
        `entry ${this.entries} does not come behind the one before it in key order`,
      )
    }
    this.entries += 1
  }

  /** Hands on the chunk, and goes on in one that holds an entry of `bytes`. */
  async #rollOver(bytes: number): Promise<void> {
    await this.#written()
    const full = this.#chunk
    if (full.count > 0) {
      this.#lastKey = full.lastKey
      this.#writing = this.#write(full)
      // Heard when the next one is due, or at the end.
      this.#writing.catch(() => {})
      this.#chunk = this.#takeSpare(bytes)
    } else this.#chunk = new SortedChunk(bytes)
  }

  #takeSpare(bytes: number): SortedChunk {
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined && spare.capacity >= bytes) return spare
    return new SortedChunk(Math.max(Math.min(FIRST_BYTES, this.#full), bytes))
  }

  async #write(chunk: SortedChunk): Promise<void> {
    this.tables.push(...(await this.#options.write(chunk)))
    chunk.reuse()
    this.#spare = chunk
  }

  async #written(): Promise<void> {
    const writing = this.#writing
    this.#writing = undefined
    await writing
  }

  /** Makes a table of what is left; all tables are durable then. */
  async finish(): Promise<void> {
    await this.#rollOver(0)
    await this.#written()
  }

  /** Waits for what is being written, whatever comes of it: `tables` then has all that there are. */
  async stop(): Promise<void> {
    // The failure that led here counts.
    await this.#written().catch(() => {})
  }
}
