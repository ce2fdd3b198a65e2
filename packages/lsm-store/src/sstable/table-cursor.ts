import { Cursor } from '../iterator/cursor.ts'
import type { Entry } from '../iterator/store-iterator.ts'
import type { Stretch } from '../iterator/stretch.ts'
import { Block } from './block.ts'
import { takeStretch } from './block-stretch.ts'
import { findTable } from './find-table.ts'
import type { Table } from './table.ts'
import type { TablePartition } from './table-partition.ts'

/**
 * After so many blocks in a row, many are read at a time, past the cache when it is full: a long scan
 * shall not push out what is in use. Short ones come back to what they read, as gets do.
 */
const BLOCKS_BEFORE_READAHEAD = 32
const FIRST_READAHEAD_BYTES = 32 * 1024
const MOST_READAHEAD_BYTES = 256 * 1024
const NOTHING = new Uint8Array(0)

/**
 * Walks tables that hold one range after another, as those of a level do; or one table. Blocks come
 * from the cache, from the disk one by one, or many in one read.
 */
export class TableCursor extends Cursor {
  readonly #tables: readonly Table[]
  /** The one it is in, and which that is. */
  #table: Table
  #position = 0
  /** The partition of the table it is in, and which that is: the cursor keeps it in memory. */
  #partition: TablePartition | undefined
  #part = 0
  readonly #block: Block = new Block()
  /** In the partition. */
  #blockIndex = -1
  #entry = -1
  /** Blocks visited one after another. */
  #streak = 0
  #readahead: number = FIRST_READAHEAD_BYTES
  /** Blocks `#windowFrom` to `#windowTo` stand in `#window`. */
  #window: Uint8Array = NOTHING
  #windowFrom = 0
  #windowTo = 0
  /** Holds the key when a prefix and a suffix make it up. */
  #key: Uint8Array = NOTHING
  /** The prefix of this block stands there. */
  #hasPrefix = false

  constructor(tables: readonly [Table, ...Table[]]) {
    super()
    this.#tables = tables
    this.#table = tables[0]
  }

  first(): void {
    this.#enter(0)
    this.#usePart(0, false)
    this.#moveTo(0, 0)
  }

  last(): void {
    this.#enter(this.#tables.length - 1)
    const { index } = this.#usePart(this.#table.partitions - 1, false)
    this.#moveTo(index.blocks - 1, -1)
  }

  seek(key: Uint8Array, length: number): void {
    this.valid = false
    if (!this.#enter(findTable(this.#tables, key, length))) return
    const part = this.#table.findPartition(key, length)
    if (part >= this.#table.partitions) return
    const block = this.#usePart(part, true).index.find(key, length)
    if (!this.#open(block)) return
    const entry = this.#block.lowerBound(key, length)
    // A separator may lie behind the block's last key; then the next block starts the range.
    if (entry < this.#block.count) this.#show(entry)
    else this.#moveTo(block + 1, 0)
  }

  seekBefore(key: Uint8Array, length: number): void {
    if (!this.#enter(findTable(this.#tables, key, length))) {
      this.last()
      return
    }
    this.valid = false
    const part = this.#table.findPartition(key, length)
    if (part >= this.#table.partitions) return
    const block = this.#usePart(part, true).index.find(key, length)
    if (!this.#open(block)) return
    const entry = this.#block.lowerBound(key, length)
    if (entry > 0) this.#show(entry - 1)
    else this.#moveTo(block - 1, -1)
  }

  next(): void {
    if (this.#entry + 1 < this.#block.count) this.#show(this.#entry + 1)
    else this.#moveTo(this.#blockIndex + 1, 0)
  }

  previous(): void {
    if (this.#entry > 0) this.#show(this.#entry - 1)
    else this.#moveTo(this.#blockIndex - 1, -1)
  }

  override stretch(stretch: Stretch, into: Entry[]): number {
    const taken = takeStretch(this.#block, this.#entry, stretch, into)
    if (taken > 1) this.#show(this.#entry + (stretch.reverse ? 1 - taken : taken - 1))
    return taken
  }

  /** Goes to another table of the run; false when there is none. */
  #enter(position: number): boolean {
    const table = this.#tables[position]
    if (table === undefined) return false
    this.#position = position
    if (table === this.#table) return true
    this.#table = table
    this.#partition = undefined
    return true
  }

  /** Goes to a partition of the table. Only a search makes room for it in the cache. */
  #usePart(part: number, isSearch: boolean): TablePartition {
    const held = this.#partition
    // One that the cache let go of is good for going on, but its blocks are not kept.
    if (held !== undefined && part === this.#part && (held.slot >= 0 || !isSearch)) {
      held.used ||= isSearch
      return held
    }
    this.#partition = undefined
    this.#blockIndex = -2
    this.#windowTo = this.#windowFrom
    const partition = this.#table.partition(part, isSearch)
    this.#partition = partition
    this.#part = part
    return partition
  }

  /** To an entry of a block of this partition, or of the one before or behind; -1 is the last one. */
  #moveTo(block: number, entry: number): void {
    let at = block
    if (block < 0) {
      const before = this.#previousPart()
      if (before === undefined) return
      at = before.index.blocks - 1
    } else if (block >= this.#blocks) {
      if (this.#nextPart() === undefined) return
      at = 0
    }
    if (this.#open(at)) this.#show(entry < 0 ? this.#block.count - 1 : entry)
  }

  /** How many blocks this partition has. */
  get #blocks(): number {
    return this.#partition?.index.blocks ?? 0
  }

  #nextPart(): TablePartition | undefined {
    this.valid = false
    if (this.#part + 1 >= this.#table.partitions) {
      return this.#enter(this.#position + 1) ? this.#usePart(0, false) : undefined
    }
    const next = this.#usePart(this.#part + 1, false)
    // The next step is still one in a row.
    this.#blockIndex = -1
    return next
  }

  #previousPart(): TablePartition | undefined {
    this.valid = false
    if (this.#part === 0) {
      if (!this.#enter(this.#position - 1)) return undefined
      return this.#usePart(this.#table.partitions - 1, false)
    }
    const previous = this.#usePart(this.#part - 1, false)
    this.#blockIndex = previous.index.blocks
    return previous
  }

  /** Opens a block of this partition; without it the cursor is at the end. */
  #open(i: number): boolean {
    const partition = this.#partition
    this.valid = false
    if (partition === undefined || i < 0 || i >= partition.index.blocks) return false
    const step = i - this.#blockIndex
    if (step === 0) {
      this.valid = true
      return true
    }
    this.#streak = step === 1 || step === -1 ? this.#streak + 1 : 0
    // Should reading fail, nothing stands here that could be taken for an entry.
    this.#blockIndex = -2
    this.#hasPrefix = false
    this.#openBlock(partition, i, step)
    this.#blockIndex = i
    this.valid = true
    return true
  }

  #openBlock(partition: TablePartition, i: number, step: number): void {
    if (i >= this.#windowFrom && i < this.#windowTo) {
      this.#openInWindow(partition, i)
      return
    }
    const goesOn = this.#streak >= BLOCKS_BEFORE_READAHEAD && !partition.hasRoom
    if (!goesOn || partition.places[i] !== 0) {
      this.#readahead = FIRST_READAHEAD_BYTES
      const chunk = partition.cachedBlock(i)
      if (chunk === undefined) {
        this.#readWindow(partition, i, i, i + 1)
        return
      }
      chunk.lent = true
      partition.openBlock(this.#block, i, chunk.bytes, partition.cachedStart(i))
      return
    }
    const { starts, blocks } = partition.index
    let from = i
    let to = i + 1
    const fits = (a: number, b: number): boolean =>
      (starts[b] as number) - (starts[a] as number) <= this.#readahead
    while (step > 0 && to < blocks && fits(from, to + 1)) to += 1
    while (step < 0 && from > 0 && fits(from - 1, to)) from -= 1
    this.#readahead = Math.min(this.#readahead * 2, MOST_READAHEAD_BYTES)
    this.#readWindow(partition, i, from, to)
  }

  #readWindow(partition: TablePartition, i: number, from: number, to: number): void {
    const { starts } = partition.index
    const length = (starts[to] as number) - (starts[from] as number)
    if (length > this.#window.length) this.#window = new Uint8Array(length)
    this.#windowTo = this.#windowFrom
    partition.readBlocks(from, to, this.#window, 0)
    this.#windowFrom = from
    this.#windowTo = to
    this.#openInWindow(partition, i)
  }

  #openInWindow(partition: TablePartition, i: number): void {
    const { starts } = partition.index
    const start = (starts[i] as number) - (starts[this.#windowFrom] as number)
    partition.openBlock(this.#block, i, this.#window, start)
  }

  #show(entry: number): void {
    const block = this.#block
    this.#entry = entry
    this.#partition?.readEntry(block, this.#blockIndex, entry)
    this.kind = block.kind
    this.sequence = block.sequence
    this.value = block.bytes
    this.valueStart = block.valueStart
    this.valueEnd = block.valueEnd
    const { bytes, prefixLength, suffixStart, suffixEnd } = block
    if (prefixLength === 0) {
      this.key = bytes
      this.keyStart = suffixStart
      this.keyEnd = suffixEnd
      return
    }
    const length = prefixLength + suffixEnd - suffixStart
    if (length > this.#key.length || !this.#hasPrefix) this.#takePrefix(length)
    const key = this.#key
    for (let i = suffixStart; i < suffixEnd; i++) {
      key[prefixLength + i - suffixStart] = bytes[i] as number
    }
    this.key = key
    this.keyStart = 0
    this.keyEnd = length
  }

  /** Puts the block's prefix where keys of at least `length` bytes are put together. */
  #takePrefix(length: number): void {
    if (length > this.#key.length) this.#key = new Uint8Array(Math.max(64, length * 2))
    const { bytes, prefixStart, prefixLength } = this.#block
    for (let i = 0; i < prefixLength; i++) this.#key[i] = bytes[prefixStart + i] as number
    this.#hasPrefix = true
  }
}
