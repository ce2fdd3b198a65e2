import { compareBytes } from '../bytes/compare.ts'
import { spaceIdOf } from '../keyspace/space.ts'
import type { Version } from '../manifest/version.ts'
import type { Table } from '../sstable/table.ts'
import { overlaps, type TableMeta } from '../sstable/table-meta.ts'
import { pointedBytes } from '../value-files/value-ref.ts'

/** Tables that hold one key range after another, and are as old as each other. */
export type Run = Table[]

/**
 * Level 0 as sorted runs, newest first: each flush made one, each ingest, and each merge of runs. With a
 * `space` those of a keyspace with tables of its own; otherwise what is no such keyspace's.
 */
export function levelZeroRuns(
  { levels }: Version,
  own: ReadonlySet<number> = NONE,
  space?: number,
): Run[] {
  const runs = new Map<number, Run>()
  for (const table of levels[0] as readonly Table[]) {
    const { meta } = table
    const owner = own.size === 0 ? undefined : ownerOf(meta, own)
    if (owner !== space) continue
    // Numbers of ingests are sequences: they must not meet those of jobs.
    const id = meta.run ?? (meta.ingestedAt === undefined ? meta.number : -meta.ingestedAt)
    const run = runs.get(id)
    if (run === undefined) runs.set(id, [table])
    else run.push(table)
  }
  const sorted = [...runs.values()]
  for (const run of sorted) {
    run.sort((a, b) => compareBytes(a.meta.smallest, b.meta.smallest))
  }
  return sorted
}

const NONE: ReadonlySet<number> = new Set()

/** The keyspace among `own` to which all keys of the table belong. */
export function ownerOf(
  { smallest, largest }: TableMeta,
  own: ReadonlySet<number>,
): number | undefined {
  const space = spaceIdOf(smallest, 0, smallest.length)
  if (!own.has(space)) return undefined
  return spaceIdOf(largest, 0, largest.length) === space ? space : undefined
}

/**
 * These tables with all older ones of level 0 that have keys between theirs: so that taking them to
 * another level leaves nothing older behind.
 */
export function withOlder({ levels }: Version, tables: readonly Table[]): Table[] {
  const picked = new Set(tables)
  for (let before = -1; before < picked.size; ) {
    before = picked.size
    for (const candidate of levels[0] as readonly Table[]) {
      if (!picked.has(candidate) && isBelowAny(candidate, picked)) picked.add(candidate)
    }
  }
  return [...picked]
}

function isBelowAny({ meta }: Table, tables: ReadonlySet<Table>): boolean {
  for (const { meta: other } of tables) {
    if (meta.minSequence > other.maxSequence) continue
    if (overlaps(meta, other.smallest, undefined) && overlaps(other, meta.smallest, undefined)) {
      return true
    }
  }
  return false
}

/** What it takes to read and write them. */
export function bytesOf(tables: readonly Table[]): number {
  return tables.reduce((sum, { meta }) => sum + meta.bytes, 0)
}

/** What they take on the disk, with the values that they point to. */
export function bytesHeld(tables: readonly Table[]): number {
  return tables.reduce((sum, { meta }) => sum + meta.bytes + pointedBytes(meta), 0)
}
