import { pointedBytes, valuesOf } from '../value-files/value-ref.ts'
import type { TableContext } from './table-context.ts'
import { TableFile } from './table-file.ts'
import { tableName } from './table-format.ts'
import type { TableMeta } from './table-meta.ts'
import { type PartitionSource, TablePartition } from './table-partition.ts'

/** A table whose file is open. */
interface LoadedTable extends PartitionSource {
  readonly sections: TableFile
  /** What stays in memory as long as it is open. */
  readonly pinned: number
}

/**
 * A table file, read on demand. Everything read from disk is checked before it is used. What leads to
 * partitions stays in memory once it was read from, partitions and blocks as far as there is room.
 */
export class Table {
  readonly meta: TableMeta
  readonly path: string
  /** Versions and others that hold it. */
  references = 0
  readonly #context: TableContext
  #loaded: LoadedTable | undefined

  constructor(context: TableContext, meta: TableMeta) {
    this.#context = context
    this.meta = meta
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

  /** Opens the file, unless that is done: from then on it can be read although it is removed. */
  load(): LoadedTable {
    if (this.#loaded !== undefined) return this.#loaded
    const context = this.#context
    const { path, meta } = this
    const file = context.fileSystem.open(path, 'read')
    try {
      const sections = TableFile.read(file, path, meta.bytes)
      const partitions = new Array<TablePartition | undefined>(sections.partitions).fill(undefined)
      const pinned = (sections.top?.bytes ?? 0) + 8 * partitions.length
      const sequence = meta.ingestedAt ?? -1
      this.#loaded = { context, file, path, sequence, partitions, sections, pinned }
      context.pool.pin(pinned)
      return this.#loaded
    } catch (error) {
      file.close()
      throw error
    }
  }

  /** Into how many its index and filter are cut. */
  get partitions(): number {
    return this.load().partitions.length
  }

  /** Number of the first partition that may hold this key or one after it; `partitions` for none. */
  findPartition(key: Uint8Array, length: number): number {
    return this.load().sections.top?.find(key, length) ?? 0
  }

  /**
   * Partition `i`, read when it is not in memory. It is kept there if there is room; others make room only
   * with `evicts`, which is for those that look for a key.
   */
  partition(i: number, evicts: boolean): TablePartition {
    const loaded = this.load()
    const { partitions, sections } = loaded
    const known = partitions[i]
    if (known !== undefined) {
      known.used ||= evicts
      return known
    }
    const index = sections.index(i)
    const part = (index.offsets[index.blocks] as number) - (index.offsets[0] as number)
    const entries = (this.meta.entries * part) / sections.dataEnd
    const partition = new TablePartition(loaded, i, index, sections.filter(i), entries)
    if (this.#context.pool.admit(partition, evicts)) partitions[i] = partition
    return partition
  }

  /**
   * Leads `context.block` to the newest version of a key that is not newer than `sequence`. True
   * when there is one; the block then holds it.
   */
  find(key: Uint8Array, length: number, hash: number, sequence: number): boolean {
    const { sections, partitions } = this.load()
    const i = sections.top === undefined ? 0 : sections.top.find(key, length)
    if (i >= partitions.length) return false
    const partition = partitions[i] ?? this.partition(i, true)
    partition.used = true
    return partition.find(key, length, hash, sequence)
  }

  /** Where in the file the block starts (or ends) that may hold this key or one after it. */
  #offsetOf(key: Uint8Array, end: boolean): number {
    const { sections } = this.load()
    const i = this.findPartition(key, key.length)
    if (i >= this.partitions) return sections.dataEnd
    const { index } = this.partition(i, false)
    const block = Math.min(index.blocks, index.find(key, key.length) + (end ? 1 : 0))
    return index.offsets[block] as number
  }

  /**
   * About how many bytes of the file hold keys of `[from, to)`. All of them when it cannot be read:
   * who goes on to read it will tell.
   */
  bytesBetween(from: Uint8Array, to: Uint8Array | undefined): number {
    try {
      const end = to === undefined ? this.load().sections.dataEnd : this.#offsetOf(to, false)
      return end - this.#offsetOf(from, false)
    } catch {
      return this.meta.bytes
    }
  }

  /**
   * The share of the file that holds keys of `[from, to)`, up to whole blocks, with what of filter, index
   * and value files falls to them.
   */
  sizeOfRange(from: Uint8Array | undefined, to: Uint8Array | undefined): number {
    const { dataEnd } = this.load().sections
    const start = from === undefined ? 0 : this.#offsetOf(from, false)
    const end = to === undefined ? dataEnd : this.#offsetOf(to, true)
    const share = Math.max(0, end - start) / dataEnd
    return Math.round(share * (this.meta.bytes + pointedBytes(this.meta)))
  }

  /** Closes the file. It must not be read from any more. */
  close(): void {
    const loaded = this.#loaded
    if (loaded === undefined) return
    const { pool } = this.#context
    for (const partition of loaded.partitions) if (partition !== undefined) pool.remove(partition)
    pool.unpin(loaded.pinned)
    this.#loaded = undefined
    loaded.file.close()
  }
}
