import { compareBytes } from '../bytes/compare.ts'
import { hashRange } from '../bytes/hash.ts'
import { corruption, type StoreError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { KIND_DELETE, KIND_SEPARATED } from '../memtable/record.ts'
import { mayContain } from '../sstable/bloom.ts'
import { tableName } from '../sstable/table-format.ts'
import { metaFromJson, type TableMeta } from '../sstable/table-meta.ts'
import { ValueChecker } from './check-values.ts'
import type { Pace } from './progress.ts'
import { finding, type TableParts, TableWalk } from './table-walk.ts'

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
    const checker = new TableChecker(walk, walk.parts(), meta, values)
    for (let i = 0; i < checker.parts.index.blocks; i++) {
      const before = values.bytes
      checker.checkBlock(i)
      await pace.step(path, checker.blockBytes(i) + values.bytes - before)
    }
    checker.checkTotals()
    const { index } = checker.parts
    await pace.step(path, walk.bytes - (index.offsets[index.blocks] as number))
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
  readonly parts: TableParts
  readonly problems: StoreError[] = []
  blocks = 0
  entries = 0
  #deletes = 0
  #minSequence: number = Number.POSITIVE_INFINITY
  #maxSequence = 0
  #first: Uint8Array | undefined
  #last: Uint8Array | undefined
  #lastSequence = 0
  readonly #walk: TableWalk
  readonly #meta: TableMeta
  readonly #values: ValueChecker

  constructor(walk: TableWalk, parts: TableParts, meta: TableMeta, values: ValueChecker) {
    this.#walk = walk
    this.parts = parts
    this.#meta = meta
    this.#values = values
  }

  blockBytes(i: number): number {
    const { offsets } = this.parts.index
    return (offsets[i + 1] as number) - (offsets[i] as number)
  }

  checkBlock(i: number): void {
    const { index } = this.parts
    const problem = this.#walk.read(index, i)
    if (problem !== undefined) {
      this.problems.push(problem)
      return
    }
    this.blocks += 1
    const { block } = this.#walk
    const separator = index.separator(i)
    for (let entry = 0; entry < block.count; entry++) {
      const what = block.read(entry) ? this.#checkEntry(separator) : 'an entry that is malformed'
      if (what === undefined) continue
      this.#report(index.offsets[i] as number, `${what}, in entry ${entry} of a data block`)
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
    if (!mayContain(this.parts.filter, hashRange(key, 0, key.length))) return 'a key without filter'
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
    const own = metaFromJson({ ...(this.parts.properties as object), bytes })
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
