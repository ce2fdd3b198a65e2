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
  type Footer,
  PARTITIONED_TABLE_VERSION,
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
/** Index and filter are cut in partitions of about this size. */
export const PARTITION_BYTES: number = 32 * 1024
/** Those that together make less than so many partitions are not cut. */
const FEWEST_PARTITIONS = 8

/** A block that waits for the key behind it. */
interface FinishedBlock {
  readonly offset: number
  /** Before it was compressed. */
  readonly length: number
  readonly lastKey: Uint8Array
}

/** Up to where a partition reaches: so many blocks, keys, and bits of the filter from the start on. */
interface PartitionEnd {
  readonly blocks: number
  readonly keys: number
  readonly bits: number
}

const TABLE_START: PartitionEnd = { blocks: 0, keys: 0, bits: 0 }

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
  readonly #partitionBytes: number
  /** Of those that are full. */
  readonly #partitions: PartitionEnd[] = []

  constructor(
    file: StoreFile,
    number: number,
    blockBytes: number,
    compression: Compression = 'none',
    partitionBytes: number = PARTITION_BYTES,
  ) {
    this.#compression = compression
    this.#partitionBytes = partitionBytes
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
    if (this.#block.count === 1) this.#startBlock(newKey)
    if (newKey) this.#addHash(hashRange(cursor.key, cursor.keyStart, cursor.keyEnd))
    this.#entries += 1
    if (cursor.kind === KIND_DELETE) this.#deletes += 1
    if (cursor.sequence < this.#minSequence) this.#minSequence = cursor.sequence
    if (cursor.sequence > this.#maxSequence) this.#maxSequence = cursor.sequence
  }

  #startBlock(newKey: boolean): void {
    const firstKey = this.#block.edgeKey(false)
    this.#smallest ??= firstKey
    if (this.#finished === undefined) return
    const { offset, length, lastKey } = this.#finished
    this.#index.add(offset, separatorOf(lastKey, firstKey), length)
    this.#finished = undefined
    // Versions of one key stay together.
    if (newKey && this.#pendingBytes(this.#lastPartition) >= this.#partitionBytes) {
      this.#partitions.push(this.#here)
    }
  }

  get #lastPartition(): PartitionEnd {
    return this.#partitions.at(-1) ?? TABLE_START
  }

  get #here(): PartitionEnd {
    return { blocks: this.#index.blocks, keys: this.#keys, bits: this.#totalBits }
  }

  /** Of index and filter, for what came behind this end. */
  #pendingBytes({ blocks, bits }: PartitionEnd): number {
    return this.#index.bytesSince(blocks) + (this.#totalBits - bits) / 8
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
    const sections = this.#writeIndex(values.length > 0)
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
    const footer = encodeFooter({ ...sections, properties })
    this.#flushOutput(footer.length)
    writeFully(this.#file, footer, 0, footer.length, this.#flushed)
    this.#file.syncNow()
    return { ...known, bytes: this.#flushed + footer.length }
  }

  /** Writes index and filter, in one piece each or in partitions. */
  #writeIndex(separated: boolean): Omit<Footer, 'properties'> {
    if (this.#pendingBytes(TABLE_START) >= FEWEST_PARTITIONS * this.#partitionBytes) {
      return this.#writePartitions()
    }
    const index = this.#index.finish(this.#position, this.#compressed)
    const filter = this.#writeSection(buildFilter(this.#hashes, this.#keys, this.#totalBits))
    const plain = this.#compressed ? COMPRESSED_TABLE_VERSION : FIRST_TABLE_FORMAT_VERSION
    const version = separated ? SEPARATED_TABLE_VERSION : plain
    return { version, filter, index: this.#writeSection(index) }
  }

  #writePartitions(): Omit<Footer, 'properties'> {
    const dataEnd = this.#position
    const top = new IndexBuilder()
    let from = TABLE_START
    for (const to of [...this.#partitions, this.#here]) {
      const { offset, length } = this.#writeSection(
        this.#index.finish(dataEnd, this.#compressed, from.blocks, to.blocks),
      )
      const hashes = this.#hashes.subarray(from.keys, to.keys)
      this.#writeSection(buildFilter(hashes, hashes.length, to.bits - from.bits))
      top.add(offset, this.#index.separator(to.blocks - 1), length)
      from = to
    }
    const filter = { offset: dataEnd, length: 0 }
    const index = this.#writeSection(top.finish(this.#position, true))
    return { version: PARTITIONED_TABLE_VERSION, filter, index }
  }

  get #position(): number {
    return this.#flushed + this.#outputUsed
  }
}
