import { hashRange } from '../bytes/hash.ts'
import { type Compression, compressBlock } from '../compression/compression.ts'
import { type StoreFile, writeFully } from '../fs/file-system.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { KIND_DELETE } from '../memtable/record.ts'
import type { ValueRef } from '../value-files/value-ref.ts'
import { BlockBuilder } from './block-builder.ts'
import { BITS_PER_KEY, buildFilter } from './bloom.ts'
import {
  COMPRESSED_TABLE_VERSION,
  encodeFooter,
  FIRST_TABLE_FORMAT_VERSION,
  SECTION_TRAILER_BYTES,
  SEPARATED_TABLE_VERSION,
  type Section,
  sealSection,
} from './table-format.ts'
import { IndexBuilder, separatorOf } from './table-index.ts'
import { metaToJson, type TableMeta, type TableOrigin } from './table-meta.ts'

const OUTPUT_BYTES = 64 * 1024
/** Offsets in a table have 32 bits. */
const MAX_TABLE_BYTES = 0xffff_ffff

/** A block that waits for the key behind it. */
interface FinishedBlock {
  readonly offset: number
  /** Before it was compressed. */
  readonly length: number
  readonly lastKey: Uint8Array
}

/** Writes one table: feed it sorted entries, then finish. */
export class TableBuilder {
  readonly #file: StoreFile
  readonly number: number
  #blockBytes: number
  readonly #block: BlockBuilder = new BlockBuilder()
  readonly #index: IndexBuilder = new IndexBuilder()
  #hashes: Uint32Array = new Uint32Array(1024)
  #keys = 0
  #filterBits: number = BITS_PER_KEY
  /** Of the filter, for the keys so far. */
  #totalBits = 0
  #entries = 0
  #deletes = 0
  #minSequence: number = Number.POSITIVE_INFINITY
  #maxSequence = 0
  #smallest: Uint8Array | undefined
  #output: Uint8Array = new Uint8Array(OUTPUT_BYTES)
  #outputUsed = 0
  /** Bytes of the file before those in `#output`. */
  #flushed = 0
  /** The block finished last, which waits for the next key to know its separator. */
  #finished: FinishedBlock | undefined
  #compression: Compression
  #compressed = false

  constructor(
    file: StoreFile,
    number: number,
    blockBytes: number,
    compression: Compression = 'none',
  ) {
    this.#compression = compression
    this.#file = file
    this.number = number
    this.#blockBytes = blockBytes
  }

  /** Bytes written and collected so far. */
  get size(): number {
    return this.#flushed + this.#outputUsed + this.#block.size
  }

  get entries(): number {
    return this.#entries
  }

  /** How blocks are cut and compressed from here on, and how many bits of the filter a key has. */
  adapt(compression: Compression, blockBytes: number, filterBits: number): void {
    this.#filterBits = filterBits
    if (compression === this.#compression && blockBytes === this.#blockBytes) return
    if (this.#block.count > 0) this.#finishBlock()
    this.#compression = compression
    this.#blockBytes = blockBytes
  }

  /** Adds the cursor's entry; `newKey` is false for an older version of the key before it. */
  add(cursor: Cursor, newKey: boolean): void {
    if (this.#block.size >= this.#blockBytes) this.#finishBlock()
    this.#block.add(cursor)
    if (this.#block.count === 1) this.#startBlock()
    if (newKey) this.#addHash(hashRange(cursor.key, cursor.keyStart, cursor.keyEnd))
    this.#entries += 1
    if (cursor.kind === KIND_DELETE) this.#deletes += 1
    if (cursor.sequence < this.#minSequence) this.#minSequence = cursor.sequence
    if (cursor.sequence > this.#maxSequence) this.#maxSequence = cursor.sequence
  }

  #startBlock(): void {
    const firstKey = this.#block.edgeKey(false)
    this.#smallest ??= firstKey
    if (this.#finished === undefined) return
    const { offset, length, lastKey } = this.#finished
    this.#index.add(offset, separatorOf(lastKey, firstKey), length)
    this.#finished = undefined
  }

  #addHash(hash: number): void {
    if (this.#keys === this.#hashes.length) {
      const grown = new Uint32Array(this.#keys * 2)
      grown.set(this.#hashes)
      this.#hashes = grown
    }
    this.#hashes[this.#keys++] = hash
    this.#totalBits += this.#filterBits
  }

  #finishBlock(): void {
    const { bound } = this.#block
    if (this.#outputUsed + bound > this.#output.length) this.#flushOutput(bound)
    const lastKey = this.#block.edgeKey(true)
    const start = this.#outputUsed
    const end = this.#block.finish(this.#output, start)
    this.#finished = { offset: this.#flushed + start, length: end - start, lastKey }
    const { kind, bytes } = compressBlock(this.#output, start, end, this.#compression)
    if (bytes === undefined) this.#outputUsed = sealSection(this.#output, start, end)
    else {
      this.#compressed = true
      this.#output.set(bytes, start)
      this.#outputUsed = sealSection(this.#output, start, start + bytes.length, kind)
    }
  }

  /** Empties the output buffer, and makes it hold at least `bytes`. */
  #flushOutput(bytes: number): void {
    writeFully(this.#file, this.#output, 0, this.#outputUsed, this.#flushed)
    this.#flushed += this.#outputUsed
    this.#outputUsed = 0
    if (this.#flushed + bytes > MAX_TABLE_BYTES) throw new RangeError('table would exceed 4 GiB')
    if (bytes > this.#output.length) this.#output = new Uint8Array(bytes)
  }

  #writeSection(content: Uint8Array): Section {
    const length = content.length
    if (this.#outputUsed + length + SECTION_TRAILER_BYTES > this.#output.length) {
      this.#flushOutput(length + SECTION_TRAILER_BYTES)
    }
    const start = this.#outputUsed
    this.#output.set(content, start)
    this.#outputUsed = sealSection(this.#output, start, start + length)
    return { offset: this.#flushed + start, length }
  }

  /** Writes what is left, syncs the file, and tells what it holds. Needs at least one entry. */
  finish(origin: TableOrigin, clearedSequence = 0, values: readonly ValueRef[] = []): TableMeta {
    const largest = this.#block.edgeKey(true)
    this.#finishBlock()
    const { offset, length } = this.#finished as FinishedBlock
    this.#index.add(offset, largest, length)
    const index = this.#index.finish(this.#flushed + this.#outputUsed, this.#compressed)
    const filter = this.#writeSection(buildFilter(this.#hashes, this.#keys, this.#totalBits))
    const indexSection = this.#writeSection(index)
    const known = {
      number: this.number,
      entries: this.#entries,
      deletes: this.#deletes,
      smallest: this.#smallest as Uint8Array,
      largest,
      minSequence: this.#minSequence,
      maxSequence: this.#maxSequence,
      clearedSequence,
      ...(values.length === 0 ? {} : { values }),
    }
    const json = JSON.stringify({ ...metaToJson({ ...known, bytes: 0 }), ...origin })
    const properties = this.#writeSection(Buffer.from(json))
    const plain = this.#compressed ? COMPRESSED_TABLE_VERSION : FIRST_TABLE_FORMAT_VERSION
    const version = values.length > 0 ? SEPARATED_TABLE_VERSION : plain
    const footer = encodeFooter({ version, filter, index: indexSection, properties })
    this.#flushOutput(footer.length)
    writeFully(this.#file, footer, 0, footer.length, this.#flushed)
    this.#file.syncNow()
    return { ...known, bytes: this.#flushed + footer.length }
  }
}
