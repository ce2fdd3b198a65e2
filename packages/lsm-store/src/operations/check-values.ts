import { corruption, type StoreError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { EXPIRY_BYTES } from '../memtable/record.ts'
import type { Block } from '../sstable/block.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { ValueFiles } from '../value-files/value-files.ts'
import { readPointer } from '../value-files/value-pointer.ts'
import { valuesOf } from '../value-files/value-ref.ts'
import { finding } from './table-walk.ts'

/** Checks the values that entries of one table point to, and that the table names their files. */
export class ValueChecker {
  readonly problems: StoreError[] = []
  /** Files of which nothing can be read as it should be. */
  readonly unusable: Set<number> = new Set()
  /** Bytes of values that were read. */
  bytes = 0
  readonly #path: string
  readonly #meta: TableMeta
  readonly #values: ValueFiles
  /** By file: entries and bytes as they were found. */
  readonly #found: Map<number, { entries: number; bytes: number }> = new Map()

  constructor(fileSystem: FileSystem, directory: string, path: string, meta: TableMeta) {
    this.#path = path
    this.#meta = meta
    this.#values = new ValueFiles(fileSystem, directory)
    this.#values.retain(valuesOf(meta))
    for (const { file } of valuesOf(meta)) this.#open(file)
  }

  #open(file: number): void {
    try {
      this.#values.open(file)
    } catch (error) {
      this.unusable.add(file)
      this.problems.push(finding(error, this.#values.pathOf(file)))
    }
  }

  /** Checks the value of the entry that the block has read. */
  check({ bytes, valueStart }: Block): void {
    const pointer = readPointer(bytes, valueStart + EXPIRY_BYTES)
    const { file, stored } = pointer
    const found = this.#found.get(file) ?? { entries: 0, bytes: 0 }
    found.entries += 1
    found.bytes += stored
    this.#found.set(file, found)
    if (this.unusable.has(file)) return
    try {
      this.#values.read(pointer)
      this.bytes += stored
    } catch (error) {
      this.problems.push(finding(error, this.#values.pathOf(file)))
    }
  }

  /** Compares what was found with what the manifest says. */
  checkTotals(): void {
    const refs = valuesOf(this.#meta)
    const fits = refs.every(({ file, entries, bytes }) => {
      const found = this.#found.get(file)
      return found?.entries === entries && found.bytes === bytes
    })
    if (fits && refs.length === this.#found.size) return
    this.problems.push(corruption(this.#path, 0, 'pointers that the manifest counts otherwise'))
  }

  close(): void {
    this.#values.release(valuesOf(this.#meta))
  }
}
