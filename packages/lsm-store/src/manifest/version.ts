import { compareBytes } from '../bytes/compare.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { RangeDeletes } from '../range-delete/range-deletes.ts'
import { findTable } from '../sstable/find-table.ts'
import type { Table } from '../sstable/table.ts'
import { TableCursor } from '../sstable/table-cursor.ts'
import { overlaps, type TableMeta } from '../sstable/table-meta.ts'

/** Levels of tables. Level 0 may overlap itself; the others do not. */
export const LEVELS = 7

/** A change of the set of tables. */
export interface VersionEdit {
  readonly added: readonly { readonly level: number; readonly meta: TableMeta }[]
  readonly removed: readonly number[]
  /** All range deletes from now on; by default those of before. */
  readonly ranges?: RangeDeletes
}

/**
 * The tables of one moment. It never changes; readers hold on to one while newer ones come and go.
 * A table's file is closed when the last version that holds it is let go.
 */
export class Version {
  /** Level 0: newest first. Others: by key. */
  readonly levels: readonly (readonly Table[])[]
  /** Deletes of ranges, for entries of the tables. */
  readonly ranges: RangeDeletes
  #references = 1

  constructor(levels: readonly (readonly Table[])[], ranges: RangeDeletes) {
    this.levels = levels
    this.ranges = ranges
    for (const table of this.tables()) table.retain()
  }

  *tables(): Generator<Table, void> {
    for (const level of this.levels) yield* level
  }

  retain(): void {
    this.#references += 1
  }

  release(): void {
    this.#references -= 1
    if (this.#references > 0) return
    for (const table of this.tables()) table.release()
  }

  /**
   * The table that holds the newest version of a key not newer than `sequence`; its block, in the
   * table context, is at that entry.
   */
  find(key: Uint8Array, length: number, hash: number, sequence: number): boolean {
    const { levels } = this
    for (const table of levels[0] as readonly Table[]) {
      if (holds(table.meta, key, length) && table.find(key, length, hash, sequence)) return true
    }
    for (let i = 1; i < levels.length; i++) {
      if (findInRun(levels[i] as readonly Table[], key, length, hash, sequence)) return true
    }
    return false
  }

  /** One cursor for each sorted run that may hold keys of `[from, to)`, without tables to skip. */
  cursors(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    skips?: (meta: TableMeta) => boolean,
  ): Cursor[] {
    const cursors: Cursor[] = []
    for (const table of this.levels[0] as readonly Table[]) {
      if (overlaps(table.meta, from, to) && skips?.(table.meta) !== true) {
        cursors.push(new TableCursor([table]))
      }
    }
    for (let i = 1; i < this.levels.length; i++) {
      const cursor = runCursor(this.levels[i] as readonly Table[], from, to, skips)
      if (cursor !== undefined) cursors.push(cursor)
    }
    return cursors
  }

  /** The version after this one. `open` makes handles for tables that are new. */
  apply(edit: VersionEdit, open: (meta: TableMeta) => Table): Version {
    const removed = new Set(edit.removed)
    const handles = new Map([...this.tables()].map((table) => [table.meta.number, table]))
    const levels = this.levels.map((level) =>
      level.filter((table) => !removed.has(table.meta.number)),
    )
    for (const { level, meta } of edit.added) {
      levels[level]?.push(handles.get(meta.number) ?? open(meta))
    }
    return new Version(levels.map(sortLevel), edit.ranges ?? this.ranges)
  }

  static empty(): Version {
    return new Version(
      Array.from({ length: LEVELS }, () => []),
      new RangeDeletes(),
    )
  }
}

/** As {@link Version.find}, in tables that hold one range after another. */
export function findInRun(
  run: readonly Table[],
  key: Uint8Array,
  length: number,
  hash: number,
  sequence: number,
): boolean {
  if (run.length === 0) return false
  const table = run[findTable(run, key, length)]
  if (table === undefined || !startsBefore(table.meta, key, length)) return false
  return table.find(key, length, hash, sequence)
}

/** A cursor for such tables, when they may hold keys of `[from, to)`. */
export function runCursor(
  run: readonly Table[],
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
  skips?: (meta: TableMeta) => boolean,
): Cursor | undefined {
  const tables = skips === undefined ? run : run.filter(({ meta }) => !skips(meta))
  const first = tables[from === undefined ? 0 : findTable(tables, from, from.length)]
  // There may be thousands of tables: they are handed on whole, and the cursor finds its way.
  if (first === undefined || !overlaps(first.meta, from, to)) return undefined
  return new TableCursor(tables as readonly [Table, ...Table[]])
}

function sortLevel(tables: Table[], level: number): Table[] {
  if (level > 0) return tables.sort((a, b) => compareBytes(a.meta.smallest, b.meta.smallest))
  return tables.sort((a, b) => b.meta.maxSequence - a.meta.maxSequence)
}

function startsBefore({ smallest }: TableMeta, key: Uint8Array, length: number): boolean {
  const shared = Math.min(smallest.length, length)
  for (let i = 0; i < shared; i++) {
    const difference = (smallest[i] as number) - (key[i] as number)
    if (difference !== 0) return difference < 0
  }
  return smallest.length <= length
}

function holds(meta: TableMeta, key: Uint8Array, length: number): boolean {
  if (!startsBefore(meta, key, length)) return false
  const { largest } = meta
  const shared = Math.min(largest.length, length)
  for (let i = 0; i < shared; i++) {
    const difference = (largest[i] as number) - (key[i] as number)
    if (difference !== 0) return difference > 0
  }
  return largest.length >= length
}
