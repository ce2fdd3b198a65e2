import { compareBytes } from '../bytes/compare.ts'
import { OutputWriter } from '../compaction/output-writer.ts'
import type { StoreError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { Cursor } from '../iterator/cursor.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { checkTable } from './check-table.ts'
import type { Pace } from './progress.ts'
import { type TableParts, TableWalk } from './table-walk.ts'

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
  const { problems } = await checkTable(fileSystem, directory, meta, pace)
  if (problems.length === 0) return { meta, problems, lost: [], lostEntries: 0 }
  const everything = [{ from: meta.smallest, to: meta.largest }]
  const nothing = { meta: undefined, problems, lost: everything, lostEntries: meta.entries }
  let walk: TableWalk
  let parts: TableParts
  try {
    walk = TableWalk.open(fileSystem, directory, meta.number)
  } catch {
    // The check has reported it already.
    return nothing
  }
  try {
    parts = walk.parts()
    const found = copyReadable(options, walk, parts, meta)
    if (found.meta === undefined) return nothing
    const lostEntries = Math.max(0, meta.entries - found.meta.entries)
    return { meta: found.meta, problems, lost: found.lost, lostEntries }
  } catch {
    // Without footer or index no block can be found.
    return nothing
  } finally {
    walk.close()
  }
}

function copyReadable(
  options: RescueOptions,
  walk: TableWalk,
  { index }: TableParts,
  meta: TableMeta,
): { readonly meta: TableMeta | undefined; readonly lost: readonly LostKeys[] } {
  const { fileSystem, directory, level, blockBytes, takeNumber } = options
  const output = new OutputWriter({
    fileSystem,
    directory,
    number: takeNumber(),
    numbers: 1,
    blockBytes,
    compression: 'none',
    tableBytes: Number.POSITIVE_INFINITY,
    level,
    inputs: [meta.number],
    clearedSequence: meta.clearedSequence,
  })
  const lost: LostKeys[] = []
  const entry = new EntryView()
  let last: Uint8Array | undefined
  for (let i = 0; i < index.blocks; i++) {
    const whole = walk.read(index, i) === undefined && areReadable(walk)
    if (!whole) {
      const from = last ?? meta.smallest
      lost.push({ from, to: i === index.blocks - 1 ? meta.largest : index.separator(i) })
      continue
    }
    for (let at = 0; at < walk.block.count; at++) {
      walk.block.read(at)
      const key = walk.key()
      const order = last === undefined ? -1 : compareBytes(last, key)
      // The checksum was right, so a writer's mistake put it here: it would break the order.
      if (order > 0) continue
      entry.show(walk, key, meta.ingestedAt)
      output.add(entry, order !== 0)
      last = key
    }
  }
  const [written] = output.finish()
  return { meta: written, lost }
}

function areReadable({ block }: TableWalk): boolean {
  for (let i = 0; i < block.count; i++) if (!block.read(i)) return false
  return true
}

/** One entry, as a cursor that cannot move. */
class EntryView extends Cursor {
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

  first(): void {}
  last(): void {}
  seek(): void {}
  seekBefore(): void {}
  next(): void {}
  previous(): void {}
}
