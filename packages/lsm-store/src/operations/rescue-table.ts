import { compareBytes } from '../bytes/compare.ts'
import { OutputWriter } from '../compaction/output-writer.ts'
import type { StoreError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { StandingCursor } from '../iterator/standing-cursor.ts'
import { EXPIRY_BYTES, KIND_SEPARATED } from '../memtable/record.ts'
import type { TableFile } from '../sstable/table-file.ts'
import type { TableIndex } from '../sstable/table-index.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { ValueFiles } from '../value-files/value-files.ts'
import { valuesOf } from '../value-files/value-ref.ts'
import { checkTable } from './check-table.ts'
import type { Pace } from './progress.ts'
import { TableWalk } from './table-walk.ts'

/** Keys of which something may be missing: all from the first to the last. */
export interface LostKeys {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

/** What became of a table. */
export interface RescuedTable {
  /** The table to go on with: itself when it was sound, a new one, or none when nothing is left. */
  readonly meta: TableMeta | undefined
  /** What was wrong with it; empty for a sound one. */
  readonly problems: readonly StoreError[]
  readonly lost: readonly LostKeys[]
  /** Entries that could not be read. */
  readonly lostEntries: number
  /** Value files that are not what they should be, out of which what can be read was moved. */
  readonly unusable: ReadonlySet<number>
}

/** @see rescueTable */
export interface RescueOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly level: number
  readonly blockBytes: number
  /** Number for the new table. */
  readonly takeNumber: () => number
}

/** Checks a table, and writes what can be read of a damaged one to a new table. */
export async function rescueTable(
  options: RescueOptions,
  meta: TableMeta,
  pace: Pace,
): Promise<RescuedTable> {
  const { fileSystem, directory } = options
  const { problems, unusable } = await checkTable(fileSystem, directory, meta, pace)
  if (problems.length === 0) return { meta, problems, lost: [], lostEntries: 0, unusable }
  const everything = [{ from: meta.smallest, to: meta.largest }]
  const nothing = {
    meta: undefined,
    problems,
    lost: everything,
    lostEntries: meta.entries,
    unusable,
  }
  let walk: TableWalk
  const values = new ValueFiles(fileSystem, directory, true)
  try {
    walk = TableWalk.open(fileSystem, directory, meta.number)
  } catch {
    // The check has reported it already.
    return nothing
  }
  values.retain(valuesOf(meta))
  try {
    const rescue = new Rescue(options, walk, meta, { files: values, unusable })
    const found = copyReadable(rescue, walk.sections(), meta)
    if (found.meta === undefined) return nothing
    const lostEntries = Math.max(0, meta.entries - found.meta.entries)
    return { meta: found.meta, problems, lost: found.lost, lostEntries, unusable }
  } catch {
    // Without footer, or what leads to partitions, no block can be found.
    return nothing
  } finally {
    values.release(valuesOf(meta))
    walk.close()
  }
}

function copyReadable(
  rescue: Rescue,
  sections: TableFile,
  meta: TableMeta,
): { readonly meta: TableMeta | undefined; readonly lost: readonly LostKeys[] } {
  const { top, partitions } = sections
  for (let i = 0; i < partitions; i++) {
    const isLast = i === partitions - 1
    const index = readIndex(sections, i)
    if (index !== undefined) rescue.copyBlocks(index, isLast)
    else rescue.lose(isLast || top === undefined ? meta.largest : top.separator(i))
  }
  return rescue.finish()
}

function readIndex(sections: TableFile, partition: number): TableIndex | undefined {
  try {
    return sections.index(partition)
  } catch {
    // The check has reported it already.
    return undefined
  }
}

/** Value files that the table points into. */
interface RescueValues {
  readonly files: ValueFiles
  /** Of which nothing is to be left. */
  readonly unusable: ReadonlySet<number>
}

/** Copies what can be read to a new table, and keeps track of what cannot. */
class Rescue {
  readonly #walk: TableWalk
  readonly #meta: TableMeta
  readonly #output: OutputWriter
  readonly #lost: LostKeys[] = []
  readonly #entry: EntryView = new EntryView()
  readonly #values: ValueFiles
  #last: Uint8Array | undefined

  constructor(options: RescueOptions, walk: TableWalk, meta: TableMeta, values: RescueValues) {
    this.#values = values.files
    const { fileSystem, directory, level, blockBytes, takeNumber } = options
    this.#walk = walk
    this.#meta = meta
    this.#output = new OutputWriter({
      fileSystem,
      directory,
      number: takeNumber(),
      numbers: 1,
      blockBytes,
      compression: 'none',
      pointing: [meta],
      moving: [...values.unusable],
      values: values.files,
      tableBytes: Number.POSITIVE_INFINITY,
      level,
      inputs: [meta.number],
      clearedSequence: meta.clearedSequence,
    })
  }

  /** Takes note that keys up to this one may be missing. */
  lose(to: Uint8Array): void {
    this.#lost.push({ from: this.#last ?? this.#meta.smallest, to })
  }

  /** Copies the blocks of an index; `isLast` for the last one of the table. */
  copyBlocks(index: TableIndex, isLast: boolean): void {
    const walk = this.#walk
    for (let i = 0; i < index.blocks; i++) {
      if (walk.read(index, i) === undefined && areReadable(walk)) this.#copyBlock()
      else this.lose(isLast && i === index.blocks - 1 ? this.#meta.largest : index.separator(i))
    }
  }

  #copyBlock(): void {
    const walk = this.#walk
    for (let i = 0; i < walk.block.count; i++) {
      walk.block.read(i)
      const key = walk.key()
      const order = this.#last === undefined ? -1 : compareBytes(this.#last, key)
      // The checksum was right, so a writer's mistake put it here: it would break the order.
      if (order > 0) continue
      if (!hasValue(walk, this.#values)) {
        addLost(this.#lost, key, this.#last)
        continue
      }
      this.#entry.show(walk, key, this.#meta.ingestedAt)
      this.#output.add(this.#entry, order !== 0)
      this.#last = key
    }
  }

  finish(): { readonly meta: TableMeta | undefined; readonly lost: readonly LostKeys[] } {
    const [meta] = this.#output.finish()
    return { meta, lost: this.#lost }
  }
}

/** False for an entry whose value is in a value file and cannot be read. */
function hasValue({ block }: TableWalk, values: ValueFiles): boolean {
  if (block.kind !== KIND_SEPARATED) return true
  try {
    values.readAt(block.bytes, block.valueStart + EXPIRY_BYTES)
    return true
  } catch {
    // The check has reported it already.
    return false
  }
}

/** Those that are lost one behind another are one range. */
function addLost(lost: LostKeys[], key: Uint8Array, last: Uint8Array | undefined): void {
  const before = lost.at(-1)
  const goesOn = before !== undefined && (last === undefined || compareBytes(last, before.from) < 0)
  if (goesOn) lost[lost.length - 1] = { from: before.from, to: key }
  else lost.push({ from: key, to: key })
}

function areReadable({ block }: TableWalk): boolean {
  for (let i = 0; i < block.count; i++) if (!block.read(i)) return false
  return true
}

/** One entry, as a cursor that cannot move. */
class EntryView extends StandingCursor {
  show({ block }: TableWalk, key: Uint8Array, ingestedAt: number | undefined): void {
    this.valid = true
    this.key = key
    this.keyStart = 0
    this.keyEnd = key.length
    this.sequence = ingestedAt ?? block.sequence
    this.kind = block.kind
    this.value = block.bytes
    this.valueStart = block.valueStart
    this.valueEnd = block.valueEnd
  }
}
