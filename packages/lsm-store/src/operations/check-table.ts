import { compareBytes } from '../bytes/compare.ts'
import { hashRange } from '../bytes/hash.ts'
import { corruption, type StoreError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { KIND_DELETE, KIND_SEPARATED } from '../memtable/record.ts'
import { mayContain } from '../sstable/bloom.ts'
import type { TableFile } from '../sstable/table-file.ts'
import { tableName } from '../sstable/table-format.ts'
import type { TableIndex } from '../sstable/table-index.ts'
import { metaFromJson, type TableMeta } from '../sstable/table-meta.ts'
import { ValueChecker } from './check-values.ts'
import type { Pace } from './progress.ts'
import { finding, TableWalk } from './table-walk.ts'

/** What a table was found to hold. */
export interface TableCheck {
  readonly blocks: number
  readonly entries: number
  readonly problems: readonly StoreError[]
  /** Numbers of value files that it points into and that cannot be used. */
  readonly unusable: ReadonlySet<number>
}

/**
 * Checks everything about a table: the checksum of each block and section, the order of its entries,
 * its index and filter against them, the values that it points to, and what the manifest says of it.
 */
export async function checkTable(
  fileSystem: FileSystem,
  directory: string,
  meta: TableMeta,
  pace: Pace,
): Promise<TableCheck> {
  const path = `${directory}/${tableName(meta.number)}`
  let walk: TableWalk
  try {
    walk = TableWalk.open(fileSystem, directory, meta.number)
  } catch (error) {
    return unreadable(error, path)
  }
  const values = new ValueChecker(fileSystem, directory, path, meta)
  try {
    const checker = new TableChecker(walk, walk.sections(), meta, values)
    for (let i = 0; i < checker.sections.partitions; i++) {
      const index = checker.enter(i)
      for (let block = 0; block < (index?.blocks ?? 0); block++) {
        const before = values.bytes
        const bytes = checker.checkBlock(block)
        await pace.step(path, bytes + values.bytes - before)
      }
    }
    checker.checkTotals()
    await pace.step(path, walk.bytes - checker.dataBytes)
    const { blocks, entries } = checker
    const problems = [...checker.problems, ...values.problems]
    return { blocks, entries, problems, unusable: values.unusable }
  } catch (error) {
    if (pace.isAborted) throw error
    return unreadable(error, path)
  } finally {
    values.close()
    walk.close()
  }
}

function unreadable(error: unknown, path: string): TableCheck {
  return { blocks: 0, entries: 0, problems: [finding(error, path)], unusable: new Set() }
}

class TableChecker {
  readonly sections: TableFile
  readonly problems: StoreError[] = []
  blocks = 0
  entries = 0
  #deletes = 0
  #minSequence: number = Number.POSITIVE_INFINITY
  #maxSequence = 0
  #first: Uint8Array | undefined
  #last: Uint8Array | undefined
  #lastSequence = 0
  /** Of the partition. */
  #index: TableIndex | undefined
  #filter: Uint8Array | undefined
  /** No key from here on is up to this one, but versions of the last one. */
  #separator: Uint8Array | undefined
  /** Of blocks that were passed. */
  dataBytes = 0
  readonly #walk: TableWalk
  readonly #meta: TableMeta
  readonly #values: ValueChecker

  constructor(walk: TableWalk, sections: TableFile, meta: TableMeta, values: ValueChecker) {
    this.#values = values
    this.#walk = walk
    this.sections = sections
    this.#meta = meta
  }

  /** Goes on to a partition, and tells its index; undefined when that cannot be read. */
  enter(partition: number): TableIndex | undefined {
    const { sections } = this
    const index = this.#attempt(() => sections.index(partition))
    this.#filter = this.#attempt(() => sections.filter(partition))
    this.#index = index
    const { top } = sections
    if (index !== undefined) this.#checkPlace(index, partition, top)
    else this.#separator = top?.separator(partition)
    return index
  }

  #attempt<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      this.problems.push(finding(error, this.#walk.path))
      return undefined
    }
  }

  /** Partitions follow each other without a gap, as what leads to them says. */
  #checkPlace(index: TableIndex, partition: number, top: TableIndex | undefined): void {
    const start = index.offsets[0] as number
    const whole = this.problems.length === 0
    if (whole && start !== this.dataBytes) this.#report(start, 'blocks that do not follow others')
    if (top === undefined) return
    const last = index.separator(index.blocks - 1)
    if (compareBytes(last, top.separator(partition)) !== 0) {
      this.#report(top.offsets[partition] as number, 'a partition that ends elsewhere')
    }
  }

  /** Returns how many bytes it takes. */
  checkBlock(i: number): number {
    const index = this.#index as TableIndex
    const start = index.offsets[i] as number
    const bytes = (index.offsets[i + 1] as number) - start
    this.dataBytes += bytes
    const separator = index.separator(i)
    const problem = this.#walk.read(index, i)
    if (problem !== undefined) this.problems.push(problem)
    else this.#checkEntries(start, separator)
    this.#separator = separator
    return bytes
  }

  #checkEntries(start: number, separator: Uint8Array): void {
    this.blocks += 1
    const { block } = this.#walk
    for (let entry = 0; entry < block.count; entry++) {
      const what = block.read(entry) ? this.#checkEntry(separator) : 'an entry that is malformed'
      if (what === undefined) continue
      this.#report(start, `${what}, in entry ${entry} of a data block`)
      return
    }
  }

  /** What is wrong with the entry that was just read, if anything. */
  #checkEntry(separator: Uint8Array): string | undefined {
    const { kind, sequence } = this.#walk.block
    const key = this.#walk.key()
    const last = this.#last
    const order = last === undefined ? -1 : compareBytes(last, key)
    if (order > 0) return 'a key that comes before the one in front of it'
    if (order === 0 && sequence >= this.#lastSequence) return 'versions of a key out of order'
    if (compareBytes(key, separator) > 0) return 'a key behind its separator'
    const before = this.#separator
    if (order !== 0 && before !== undefined && compareBytes(key, before) <= 0) {
      return 'a key up to the separator in front of it'
    }
    const filter = this.#filter
    if (filter !== undefined && !mayContain(filter, hashRange(key, 0, key.length))) {
      return 'a key without filter'
    }
    this.#first ??= key
    this.#last = key
    this.#lastSequence = sequence
    this.#minSequence = Math.min(this.#minSequence, sequence)
    this.#maxSequence = Math.max(this.#maxSequence, sequence)
    this.entries += 1
    if (kind === KIND_DELETE) this.#deletes += 1
    if (kind === KIND_SEPARATED) this.#values.check(this.#walk.block)
    return undefined
  }

  /** Compares what was read with what the manifest and the table say of it. */
  checkTotals(): void {
    const meta = this.#meta
    const { bytes, path } = this.#walk
    if (bytes !== meta.bytes)
      this.#report(0, `${bytes} bytes, where the manifest says ${meta.bytes}`)
    const properties = this.#attempt(() => this.sections.properties())
    if (this.problems.length === 0 && this.dataBytes !== this.sections.dataEnd) {
      this.#report(this.dataBytes, 'bytes behind the last data block')
    }
    const own = metaFromJson({ ...(properties as object | undefined), bytes })
    if (properties === undefined) return
    if (own === undefined || own.number !== meta.number || own.entries !== meta.entries) {
      this.#report(0, 'properties that do not fit the manifest')
    }
    if (this.problems.length > 0) return
    const { entries, deletes, minSequence, maxSequence, ingestedAt } = meta
    const counted = this.entries === entries && this.#deletes === deletes
    const numbered =
      ingestedAt === undefined
        ? this.#minSequence === minSequence && this.#maxSequence === maxSequence
        : this.#maxSequence === 0 && minSequence === ingestedAt && maxSequence === ingestedAt
    if (!counted || !numbered) this.#report(0, 'entries that the manifest counts otherwise')
    const bounded =
      compareBytes(this.#first ?? meta.smallest, meta.smallest) === 0 &&
      compareBytes(this.#last ?? meta.largest, meta.largest) === 0
    if (!bounded) this.problems.push(corruption(path, 0, 'keys outside of what the manifest says'))
    this.#values.checkTotals()
  }

  #report(offset: number, what: string): void {
    this.problems.push(corruption(this.#walk.path, offset, what))
  }
}
