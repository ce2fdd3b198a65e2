import { decompressBlock, STORED } from '../compression/compression.ts'
import { corruption, StoreError } from '../errors.ts'
import { type FileSystem, readFully, type StoreFile } from '../fs/file-system.ts'
import { ValueFiles } from '../value-files/value-files.ts'
import { valuesOf } from '../value-files/value-ref.ts'
import { Block } from './block.ts'
import {
  type BlockCache,
  type BlockOwner,
  type CacheChunk,
  placeOffset,
  USED,
} from './block-cache.ts'
import { ABSENT, buildSlots, FOUND, findInSlots, slotBits } from './block-slots.ts'
import { isFilter, mayContain } from './bloom.ts'
import {
  decodeFooter,
  FIRST_TABLE_FORMAT_VERSION,
  FOOTER_BYTES,
  type Footer,
  SECTION_TRAILER_BYTES,
  type Section,
  sectionFault,
  TABLE_FORMAT_VERSION,
  tableName,
} from './table-format.ts'
import { TableIndex } from './table-index.ts'
import type { TableMeta } from './table-meta.ts'

/** Marks of a block: its slots are filled; they cannot be. */
const INDEXED = 4
const UNINDEXED = 8

/** Blocks that go by: larger ones get memory of their own. */
const SCRATCH_BYTES = 64 * 1024

/** Compressed blocks on their way. */
let packed: Uint8Array = new Uint8Array(SCRATCH_BYTES)

/** What all tables of a store share. */
export interface TableContext {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly cache: BlockCache
  readonly values: ValueFiles
  /** Where gets read blocks that the cache does not take. Holds one block at a time. */
  readonly scratch: Uint8Array
  readonly block: Block
}

export function tableContext(
  fileSystem: FileSystem,
  directory: string,
  cache: BlockCache,
): TableContext {
  const scratch = new Uint8Array(SCRATCH_BYTES)
  const values = new ValueFiles(fileSystem, directory)
  return { fileSystem, directory, cache, values, scratch, block: new Block() }
}

/** The parts of a table that stay in memory once it was read from. */
interface LoadedTable {
  readonly file: StoreFile
  readonly index: TableIndex
  readonly filter: Uint8Array
  /** Slots in front of each block in the cache, as a power of two. */
  readonly slotBits: number
}

/** A table file, read on demand. Everything read from disk is checked before it is used. */
export class Table implements BlockOwner {
  readonly meta: TableMeta
  readonly path: string
  places: Uint32Array = new Uint32Array(0)
  marks: Uint8Array = new Uint8Array(0)
  /** Versions and others that hold it. */
  references = 0
  readonly #context: TableContext
  /** Sequence of all its entries; -1: each has its own. */
  readonly #sequence: number
  #loaded: LoadedTable | undefined

  constructor(context: TableContext, meta: TableMeta) {
    this.#context = context
    this.meta = meta
    this.#sequence = meta.ingestedAt ?? -1
    this.path = `${context.directory}/${tableName(meta.number)}`
  }

  /** Holds the value files that it points into, too. */
  retain(): void {
    this.references += 1
    if (this.references === 1) this.#context.values.retain(valuesOf(this.meta))
  }

  /** Closes it when nobody holds it any more. */
  release(): void {
    this.references -= 1
    if (this.references > 0) return
    this.close()
    this.#context.values.release(valuesOf(this.meta))
  }

  /** Opens the file and reads index and filter, unless that is done. */
  load(): LoadedTable {
    if (this.#loaded !== undefined) return this.#loaded
    const file = this.#context.fileSystem.open(this.path, 'read')
    try {
      const footer = readFooter(file, this.path, this.meta.bytes)
      const index = TableIndex.decode(readSection(file, this.path, footer.index, this.meta.bytes))
      if (typeof index === 'string') throw corruption(this.path, footer.index.offset, index)
      const filter = readSection(file, this.path, footer.filter, this.meta.bytes)
      if (!isFilter(filter)) throw corruption(this.path, footer.filter.offset, 'a malformed filter')
      this.marks = new Uint8Array(index.blocks)
      this.places = new Uint32Array(index.blocks)
      this.#loaded = { file, index, filter, slotBits: slotBits(this.meta.entries / index.blocks) }
      this.#context.cache.reserve(this.#residentBytes(this.#loaded))
      return this.#loaded
    } catch (error) {
      file.close()
      throw error
    }
  }

  /** What stays in memory besides blocks. */
  #residentBytes({ index, filter }: LoadedTable): number {
    return index.bytes + filter.length + 5 * index.blocks
  }

  cachedBytes(block: number): number {
    return this.#slotBytes + this.blockLength(block)
  }

  get #slotBytes(): number {
    return 2 << this.load().slotBits
  }

  /** Where block `i` starts in its chunk of the cache. */
  cachedStart(i: number): number {
    return placeOffset(this.places[i] as number) + this.#slotBytes
  }

  /**
   * Leads `context.block` to the newest version of a key that is not newer than `sequence`. True
   * when there is one; the block then holds it.
   */
  find(key: Uint8Array, length: number, hash: number, sequence: number): boolean {
    const { index, filter } = this.load()
    if (!mayContain(filter, hash)) return false
    const first = index.find(key, length)
    if (first === index.blocks) return false
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
    const { cache, block } = this.#context
    const place = this.places[i] as number
    const bits = this.load().slotBits
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
    const { index } = this.load()
    const { block } = this.#context
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
    const { block, scratch } = this.#context
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
    const { cache } = this.#context
    if (place !== 0) {
      this.marks[i] = (this.marks[i] as number) | USED
      cache.hits += 1
      return cache.chunkAt(place)
    }
    cache.misses += 1
    const total = this.cachedBytes(i)
    if (!cache.admits(this, i, total) || !cache.allocate(total)) return undefined
    const chunk = cache.chunk as CacheChunk
    this.readBlocks(i, i + 1, chunk.bytes, chunk.used + this.#slotBytes)
    cache.insert(this, i, total)
    return chunk
  }

  /** Blocks that are read come into the cache without pushing out others. */
  get cacheHasRoom(): boolean {
    return this.#context.cache.hasRoom
  }

  /** Bytes that block `i` takes in memory, with its trailer. */
  blockLength(i: number): number {
    const { starts } = this.load().index
    return (starts[i + 1] as number) - (starts[i] as number)
  }

  /**
   * About how many bytes of the file hold keys of `[from, to)`. All of them when it cannot be read:
   * who goes on to read it will tell.
   */
  bytesBetween(from: Uint8Array, to: Uint8Array | undefined): number {
    try {
      const { index } = this.load()
      const first = index.find(from, from.length)
      const end = to === undefined ? index.blocks : index.find(to, to.length)
      return (index.offsets[end] as number) - (index.offsets[first] as number)
    } catch {
      return this.meta.bytes
    }
  }

  /** Reads blocks `from` to `to`, exclusive, to `into[at..]` in one piece, and checks each. */
  readBlocks(from: number, to: number, into: Uint8Array, at: number): void {
    const { file, index } = this.load()
    const { offsets, starts } = index
    if (starts !== offsets) {
      this.#readCompressed(from, to, into, at)
      return
    }
    const start = offsets[from] as number
    const length = (offsets[to] as number) - start
    if (readFully(file, into, at, length, start) < length) {
      throw corruption(this.path, start, 'the file ends inside a data block')
    }
    for (let i = from; i < to; i++) {
      const offset = offsets[i] as number
      const end = at + (offsets[i + 1] as number) - start - SECTION_TRAILER_BYTES
      const fault = sectionFault(into, at + offset - start, end)
      if (fault !== undefined) throw corruption(this.path, offset, `data block with ${fault}`)
    }
  }

  #readCompressed(from: number, to: number, into: Uint8Array, at: number): void {
    const { file, index } = this.load()
    const { offsets, starts } = index
    const start = offsets[from] as number
    const length = (offsets[to] as number) - start
    if (length > packed.length) packed = new Uint8Array(length)
    if (readFully(file, packed, 0, length, start) < length) {
      throw corruption(this.path, start, 'the file ends inside a data block')
    }
    for (let i = from; i < to; i++) {
      const offset = offsets[i] as number
      const first = offset - start
      const end = (offsets[i + 1] as number) - start - SECTION_TRAILER_BYTES
      const fault = sectionFault(packed, first, end)
      if (fault !== undefined) throw corruption(this.path, offset, `data block with ${fault}`)
      const target = at + (starts[i] as number) - (starts[from] as number)
      const size = this.blockLength(i) - SECTION_TRAILER_BYTES
      const kind = packed[end] as number
      if (decompressBlock(kind, packed, first, end, into, target, size)) continue
      throw corruption(this.path, offset, 'a data block that does not decompress')
    }
  }

  /** Opens block `i`, which stands in `bytes` from `start` on. */
  openBlock(block: Block, i: number, bytes: Uint8Array, start: number): void {
    const end = start + this.blockLength(i) - SECTION_TRAILER_BYTES
    if (block.open(bytes, start, end, this.#sequence)) return
    throw corruption(this.path, this.#offset(i), 'a malformed data block')
  }

  /** Reads an entry of block `i`. */
  readEntry(block: Block, i: number, entry: number): void {
    if (block.read(entry)) return
    throw corruption(this.path, this.#offset(i), `malformed entry ${entry} of a data block`)
  }

  #offset(i: number): number {
    return this.load().index.offsets[i] as number
  }

  /** Closes the file. It must not be read from any more. */
  close(): void {
    const loaded = this.#loaded
    if (loaded === undefined) return
    this.#context.cache.drop(this)
    this.#context.cache.release(this.#residentBytes(loaded))
    this.#loaded = undefined
    loaded.file.close()
  }
}

/** Reads and checks a table's footer. */
export function readFooter(file: StoreFile, path: string, size: number): Footer {
  const start = size - FOOTER_BYTES
  const bytes = new Uint8Array(FOOTER_BYTES)
  if (start < 0 || file.size() !== size) {
    throw corruption(path, Math.max(0, start), `a size of ${file.size()}, expected ${size}`)
  }
  readFully(file, bytes, 0, FOOTER_BYTES, start)
  const footer = decodeFooter(bytes)
  if (typeof footer === 'string') throw corruption(path, start, footer)
  const { version } = footer
  if (version >= FIRST_TABLE_FORMAT_VERSION && version <= TABLE_FORMAT_VERSION) return footer
  throw new StoreError(
    'STORE_VERSION',
    `${path} has table format ${footer.version}; this release reads up to ${TABLE_FORMAT_VERSION}. ` +
      'Update the package.',
    { path },
  )
}

/** Reads a section besides the data blocks and checks it. */
export function readSection(
  file: StoreFile,
  path: string,
  { offset, length }: Section,
  size: number,
): Uint8Array {
  if (offset + length + SECTION_TRAILER_BYTES > size) {
    throw corruption(path, offset, 'a section that goes beyond the end of the file')
  }
  const bytes = new Uint8Array(length + SECTION_TRAILER_BYTES)
  readFully(file, bytes, 0, bytes.length, offset)
  const fault = sectionFault(bytes, 0, length)
  if (fault !== undefined) throw corruption(path, offset, `section with ${fault}`)
  if (bytes[length] !== STORED) throw corruption(path, offset, 'a section that is compressed')
  return bytes.subarray(0, length)
}
