import { corruption, StoreError } from '../errors.ts'
import { type FileSystem, readFully, type StoreFile } from '../fs/file-system.ts'
import { Block } from './block.ts'
import { type BlockCache, type BlockOwner, USED } from './block-cache.ts'
import { isFilter, mayContain } from './bloom.ts'
import {
  decodeFooter,
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

/** Blocks that go by: larger ones get memory of their own. */
const SCRATCH_BYTES = 64 * 1024

/** What all tables of a store share. */
export interface TableContext {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly cache: BlockCache
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
  return { fileSystem, directory, cache, scratch, block: new Block() }
}

/** The parts of a table that stay in memory once it was read from. */
interface LoadedTable {
  readonly file: StoreFile
  readonly index: TableIndex
  readonly filter: Uint8Array
}

/** A table file, read on demand. Everything read from disk is checked before it is used. */
export class Table implements BlockOwner {
  readonly meta: TableMeta
  readonly path: string
  cached: (Uint8Array | undefined)[] = []
  marks: Uint8Array = new Uint8Array(0)
  /** Versions that hold it. */
  references = 0
  readonly #context: TableContext
  #loaded: LoadedTable | undefined

  constructor(context: TableContext, meta: TableMeta) {
    this.#context = context
    this.meta = meta
    this.path = `${context.directory}/${tableName(meta.number)}`
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
      this.cached = Array.from({ length: index.blocks }, () => undefined)
      this.#loaded = { file, index, filter }
      this.#context.cache.reserve(index.bytes + filter.length)
      return this.#loaded
    } catch (error) {
      file.close()
      throw error
    }
  }

  /**
   * Leads `context.block` to the newest version of a key that is not newer than `sequence`. True
   * when there is one; the block then holds it.
   */
  find(key: Uint8Array, length: number, hash: number, sequence: number): boolean {
    const { index, filter } = this.load()
    if (!mayContain(filter, hash)) return false
    const { block } = this.#context
    for (let i = index.find(key, length); i < index.blocks; i++) {
      const bytes = this.#blockForGet(i)
      this.openBlock(block, i, bytes, 0)
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

  #blockForGet(i: number): Uint8Array {
    const cached = this.cached[i]
    const { cache, scratch } = this.#context
    if (cached !== undefined) {
      this.marks[i] = USED
      cache.hits += 1
      return cached
    }
    cache.misses += 1
    const length = this.blockLength(i)
    if (cache.admits(this, i, length)) return this.#admit(i, length)
    const into = length <= scratch.length ? scratch : new Uint8Array(length)
    this.readBlocks(i, i + 1, into)
    return into
  }

  #admit(i: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    this.readBlocks(i, i + 1, bytes)
    this.#context.cache.insert(this, i, bytes)
    return bytes
  }

  /** A block that the cache has, or takes as it comes by; undefined when it does neither. */
  blockForScan(i: number): Uint8Array | undefined {
    const cached = this.cached[i]
    const { cache } = this.#context
    if (cached !== undefined) {
      this.marks[i] = USED
      cache.hits += 1
      return cached
    }
    cache.misses += 1
    const length = this.blockLength(i)
    return cache.admits(this, i, length) ? this.#admit(i, length) : undefined
  }

  /** Bytes of block `i` with its trailer. */
  blockLength(i: number): number {
    const { offsets } = this.load().index
    return (offsets[i + 1] as number) - (offsets[i] as number)
  }

  /** Reads blocks `from` to `to`, exclusive, in one piece, and checks each. */
  readBlocks(from: number, to: number, into: Uint8Array): void {
    const { file, index } = this.load()
    const { offsets } = index
    const start = offsets[from] as number
    const length = (offsets[to] as number) - start
    if (readFully(file, into, 0, length, start) < length) {
      throw corruption(this.path, start, 'the file ends inside a data block')
    }
    for (let i = from; i < to; i++) {
      const at = (offsets[i] as number) - start
      const end = (offsets[i + 1] as number) - start - SECTION_TRAILER_BYTES
      const fault = sectionFault(into, at, end)
      if (fault !== undefined) throw corruption(this.path, start + at, `data block with ${fault}`)
    }
  }

  /** Opens block `i`, which stands in `bytes` from `start` on. */
  openBlock(block: Block, i: number, bytes: Uint8Array, start: number): void {
    const end = start + this.blockLength(i) - SECTION_TRAILER_BYTES
    if (block.open(bytes, start, end)) return
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
    this.#loaded = undefined
    this.#context.cache.drop(this)
    this.#context.cache.release(loaded.index.bytes + loaded.filter.length)
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
  if (footer.version === TABLE_FORMAT_VERSION) return footer
  throw new StoreError(
    'STORE_VERSION',
    `${path} has table format ${footer.version}; this release reads ${TABLE_FORMAT_VERSION}. ` +
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
  return bytes.subarray(0, length)
}
