import { decompressBlock } from '../compression/compression.ts'
import { corruption } from '../errors.ts'
import { readFully, type StoreFile } from '../fs/file-system.ts'
import type { Block } from './block.ts'
import { type CacheChunk, placeOffset, USED } from './block-cache.ts'
import { ABSENT, buildSlots, FOUND, findInSlots, slotBits } from './block-slots.ts'
import { mayContain } from './bloom.ts'
import type { PoolMember } from './partition-pool.ts'
import type { TableContext } from './table-context.ts'
import { SECTION_TRAILER_BYTES, sectionFault } from './table-format.ts'
import type { TableIndex } from './table-index.ts'

/** Marks of a block: its slots are filled; they cannot be. */
const INDEXED = 4
const UNINDEXED = 8
/** Its objects and typed arrays. */
const OVERHEAD_BYTES = 2048

/** Compressed blocks on their way. */
let packed: Uint8Array = new Uint8Array(64 * 1024)

/** The table of a partition. */
export interface PartitionSource {
  readonly context: TableContext
  readonly file: StoreFile
  readonly path: string
  /** Sequence of all entries; -1: each has its own. */
  readonly sequence: number
  /** By number: those that are in memory. */
  readonly partitions: (TablePartition | undefined)[]
}

/**
 * The index and the filter of some blocks in a row of a table, and where these are in the cache. All
 * versions of a key are in one partition.
 */
export class TablePartition implements PoolMember {
  readonly index: TableIndex
  readonly filter: Uint8Array
  readonly bytes: number
  places: Uint32Array
  marks: Uint8Array
  used = false
  slot = -1
  /** Slots in front of each block in the cache, as a power of two. */
  readonly #slotBits: number
  readonly #source: PartitionSource
  readonly #number: number

  /** `entries` is about how many it has. */
  constructor(
    source: PartitionSource,
    number: number,
    index: TableIndex,
    filter: Uint8Array,
    entries: number,
  ) {
    this.#source = source
    this.#number = number
    this.index = index
    this.filter = filter
    this.places = new Uint32Array(index.blocks)
    this.marks = new Uint8Array(index.blocks)
    this.bytes = index.bytes + filter.length + 5 * index.blocks + OVERHEAD_BYTES
    this.#slotBits = slotBits(entries / index.blocks)
  }

  onEvicted(): void {
    this.#source.partitions[this.#number] = undefined
  }

  cachedBytes(block: number): number {
    return this.#slotBytes + this.blockLength(block)
  }

  get #slotBytes(): number {
    return 2 << this.#slotBits
  }

  /** Where block `i` starts in its chunk of the cache. */
  cachedStart(i: number): number {
    return placeOffset(this.places[i] as number) + this.#slotBytes
  }

  /** As {@link Table.find}, in this partition. */
  find(key: Uint8Array, length: number, hash: number, sequence: number): boolean {
    if (!mayContain(this.filter, hash)) return false
    const first = this.index.find(key, length)
    if (first === this.index.blocks) return false
    if (((this.marks[first] as number) & (USED | UNINDEXED)) === USED && this.places[first] !== 0) {
      const outcome = this.#findInSlots(first, key, length, hash, sequence)
      if (outcome === FOUND) return true
      if (outcome === ABSENT) return false
    }
    return this.#search(first, key, length, sequence)
  }

  /** A block that is asked for again gets slots; undefined when that cannot be. */
  #findInSlots(
    i: number,
    key: Uint8Array,
    keyLength: number,
    hash: number,
    sequence: number,
  ): number | undefined {
    const { cache, block } = this.#source.context
    const place = this.places[i] as number
    const bits = this.#slotBits
    const { bytes, halves } = cache.chunkAt(place)
    const first = placeOffset(place) >>> 1
    const length = this.blockLength(i)
    this.openBlock(block, i, bytes, 2 * first + (2 << bits))
    const marks = this.marks[i] as number
    if ((marks & INDEXED) === 0) {
      const built = buildSlots(block, halves, first, bits, length)
      this.marks[i] = marks | (built ? INDEXED : UNINDEXED)
      if (!built) return undefined
    }
    cache.hits += 1
    return findInSlots(block, halves, first, bits, length, key, keyLength, hash, sequence)
  }

  #search(first: number, key: Uint8Array, length: number, sequence: number): boolean {
    const { index } = this
    const { block } = this.#source.context
    for (let i = first; i < index.blocks; i++) {
      this.#openForGet(i)
      let entry = block.lowerBound(key, length)
      // Its separator is not before the key, so that later blocks start behind it.
      if (entry === block.count) return false
      for (; entry < block.count; entry++) {
        this.readEntry(block, i, entry)
        if (!block.hasKey(key, length)) return false
        if (block.sequence <= sequence) return true
      }
    }
    return false
  }

  #openForGet(i: number): void {
    const { block, scratch } = this.#source.context
    const chunk = this.cachedBlock(i)
    if (chunk !== undefined) {
      this.openBlock(block, i, chunk.bytes, this.cachedStart(i))
      return
    }
    const length = this.blockLength(i)
    const into = length <= scratch.length ? scratch : new Uint8Array(length)
    this.readBlocks(i, i + 1, into, 0)
    this.openBlock(block, i, into, 0)
  }

  /** Where block `i` is in the cache, or where it came by being asked for; undefined is nowhere. */
  cachedBlock(i: number): CacheChunk | undefined {
    const place = this.places[i] as number
    const { cache } = this.#source.context
    if (place !== 0) {
      this.marks[i] = (this.marks[i] as number) | USED
      cache.hits += 1
      return cache.chunkAt(place)
    }
    cache.misses += 1
    // Nobody would find it there once this partition is forgotten.
    if (this.slot < 0) return undefined
    const total = this.cachedBytes(i)
    if (!cache.admits(this, i, total) || !cache.allocate(total)) return undefined
    const chunk = cache.chunk as CacheChunk
    this.readBlocks(i, i + 1, chunk.bytes, chunk.used + this.#slotBytes)
    cache.insert(this, i, total)
    return chunk
  }

  /** Blocks that are read come into the cache without pushing out others. */
  get hasRoom(): boolean {
    return this.slot >= 0 && this.#source.context.cache.hasRoom
  }

  /** Bytes that block `i` takes in memory, with its trailer. */
  blockLength(i: number): number {
    const { starts } = this.index
    return (starts[i + 1] as number) - (starts[i] as number)
  }

  /** Reads blocks `from` to `to`, exclusive, to `into[at..]` in one piece, and checks each. */
  readBlocks(from: number, to: number, into: Uint8Array, at: number): void {
    const { file, path } = this.#source
    const { offsets, starts } = this.index
    if (starts !== offsets) {
      this.#readCompressed(from, to, into, at)
      return
    }
    const start = offsets[from] as number
    const length = (offsets[to] as number) - start
    if (readFully(file, into, at, length, start) < length) {
      throw corruption(path, start, 'the file ends inside a data block')
    }
    for (let i = from; i < to; i++) {
      const offset = offsets[i] as number
      const end = at + (offsets[i + 1] as number) - start - SECTION_TRAILER_BYTES
      const fault = sectionFault(into, at + offset - start, end)
      if (fault !== undefined) throw corruption(path, offset, `data block with ${fault}`)
    }
  }

  #readCompressed(from: number, to: number, into: Uint8Array, at: number): void {
    const { file, path } = this.#source
    const { offsets, starts } = this.index
    const start = offsets[from] as number
    const length = (offsets[to] as number) - start
    if (length > packed.length) packed = new Uint8Array(length)
    if (readFully(file, packed, 0, length, start) < length) {
      throw corruption(path, start, 'the file ends inside a data block')
    }
    for (let i = from; i < to; i++) {
      const offset = offsets[i] as number
      const first = offset - start
      const end = (offsets[i + 1] as number) - start - SECTION_TRAILER_BYTES
      const fault = sectionFault(packed, first, end)
      if (fault !== undefined) throw corruption(path, offset, `data block with ${fault}`)
      const target = at + (starts[i] as number) - (starts[from] as number)
      const size = this.blockLength(i) - SECTION_TRAILER_BYTES
      const kind = packed[end] as number
      if (decompressBlock(kind, packed, first, end, into, target, size)) continue
      throw corruption(path, offset, 'a data block that does not decompress')
    }
  }

  /** Opens block `i`, which stands in `bytes` from `start` on. */
  openBlock(block: Block, i: number, bytes: Uint8Array, start: number): void {
    const { path, sequence } = this.#source
    const end = start + this.blockLength(i) - SECTION_TRAILER_BYTES
    if (block.open(bytes, start, end, sequence)) return
    throw corruption(path, this.index.offsets[i] as number, 'a malformed data block')
  }

  /** Reads an entry of block `i`. */
  readEntry(block: Block, i: number, entry: number): void {
    if (block.read(entry)) return
    const what = `malformed entry ${entry} of a data block`
    throw corruption(this.#source.path, this.index.offsets[i] as number, what)
  }
}
