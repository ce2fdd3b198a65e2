import { compareBytes } from '../bytes/compare.ts'
import { successor } from '../iterator/range.ts'
import { LEVELS, type Version } from '../manifest/version.ts'
import type { Table } from '../sstable/table.ts'
import { overlaps } from '../sstable/table-meta.ts'
import { levelZeroRuns, ownerOf, withOlder } from './level-zero.ts'

/** Tables to merge, and where the result goes. */
export interface CompactionPlan {
  readonly fromLevel: number
  readonly outputLevel: number
  /** Sorted runs, each in key order. */
  readonly runs: readonly (readonly Table[])[]
  /** The tables are to be read and written even if they overlap nothing. */
  readonly rewrite?: boolean
  /** The tables go, and nothing comes in their place. */
  readonly drop?: boolean
}

/** Decides what to compact next. Policies are made by replacing it. */
export interface CompactionPicker {
  /** The most useful compaction, or undefined when none is due. */
  pick(version: Version): CompactionPlan | undefined
}

/** @see leveledPicker */
export interface LeveledOptions {
  readonly levelZeroTables: number
  readonly levelBytes: number
}

const LEVEL_FACTOR = 10

/**
 * Levels ten times larger than the one before. Level 0 goes down whole when it has enough tables;
 * others give a table at a time, round the key space, when they outgrow their size. Tables of keyspaces
 * that have `own` ones stay in level 0.
 */
export function leveledPicker(
  options: LeveledOptions,
  own: () => ReadonlySet<number> = () => new Set(),
): CompactionPicker {
  /** Per level: the key behind which the next table is taken. */
  const positions: (Uint8Array | undefined)[] = []
  return {
    pick(version) {
      const zero = levelZeroRuns(version, own())
      let level = -1
      let highest = 1
      for (let i = 0; i < LEVELS - 1; i++) {
        const score = i === 0 ? zero.length / options.levelZeroTables : scoreOf(version, i, options)
        if (score < highest) continue
        highest = score
        level = i
      }
      if (level < 0) return undefined
      if (level === 0) return planFrom(version, 0, zero.flat())
      const table = nextTable(version.levels[level] as readonly Table[], positions[level])
      positions[level] = table.meta.largest
      return planFrom(version, level, [table])
    },
  }
}

function scoreOf(version: Version, level: number, options: LeveledOptions): number {
  const tables = version.levels[level] as readonly Table[]
  const target = options.levelBytes * LEVEL_FACTOR ** (level - 1)
  // Exactly full is not too full.
  return sizeOf(tables) <= target ? 0 : sizeOf(tables) / target
}

function sizeOf(tables: readonly Table[]): number {
  return tables.reduce((sum, table) => sum + table.meta.bytes, 0)
}

function nextTable(tables: readonly Table[], after: Uint8Array | undefined): Table {
  const first = tables[0] as Table
  if (after === undefined) return first
  return tables.find((table) => compareBytes(table.meta.smallest, after) > 0) ?? first
}

/** These tables of a level, with what they overlap in the next one. */
function planFrom(version: Version, level: number, given: readonly Table[]): CompactionPlan {
  const tables = level === 0 ? withOlder(version, given) : given
  const { from, to } = rangeOf(tables)
  const outputLevel = level + 1
  const below = (version.levels[outputLevel] as readonly Table[]).filter((table) =>
    overlaps(table.meta, from, to),
  )
  const above = level === 0 ? runsAmong(version, new Set(tables)) : [tables]
  const runs = below.length === 0 ? above : [...above, below]
  return { fromLevel: level, outputLevel, runs }
}

/** Runs of level 0, as far as they are picked. */
function runsAmong(version: Version, picked: ReadonlySet<Table>): Table[][] {
  return levelZeroRuns(version)
    .map((run) => run.filter((table) => picked.has(table)))
    .filter((run) => run.length > 0)
}

/** The keys that the tables span, as `[from, to)`. */
export function rangeOf(tables: readonly Table[]): {
  readonly from: Uint8Array
  readonly to: Uint8Array
} {
  let from = (tables[0] as Table).meta.smallest
  let { largest } = (tables[0] as Table).meta
  for (const { meta } of tables) {
    if (compareBytes(meta.smallest, from) < 0) from = meta.smallest
    if (compareBytes(meta.largest, largest) > 0) largest = meta.largest
  }
  return { from, to: successor(largest) }
}

/**
 * Everything that holds keys of `[from, to)`, merged into the lowest level that has tables. With
 * what lies above and beside it, so that no older version ends up over a newer one. Tables of keyspaces
 * that have `own` ones are not among them, unless they are in the way.
 */
export function planRange(
  version: Version,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
  own: ReadonlySet<number> = new Set(),
): CompactionPlan | undefined {
  let picked = new Set<Table>()
  let bounds = { from, to }
  for (let before = -1; before < picked.size; ) {
    before = picked.size
    for (const table of version.tables()) {
      const isOwn = own.size > 0 && isOwnTable(version, table, own)
      if (!isOwn && overlaps(table.meta, bounds.from, bounds.to)) picked.add(table)
    }
    if (own.size > 0) picked = new Set(withOlder(version, [...picked]))
    if (picked.size > before) bounds = rangeOf([...picked])
  }
  if (picked.size === 0) return undefined
  const levels = version.levels.map((level) => level.filter((table) => picked.has(table)))
  const fromLevel = levels.findIndex((level) => level.length > 0)
  const lowest = levels.findLastIndex((level) => level.length > 0)
  const outputLevel = Math.max(1, lowest)
  const [, ...rest] = levels
  const runs = [...runsAmong(version, picked), ...rest.filter((level) => level.length > 0)]
  return { fromLevel, outputLevel, runs }
}

function isOwnTable({ levels }: Version, table: Table, own: ReadonlySet<number>): boolean {
  return ownerOf(table.meta, own) !== undefined && levels[0]?.includes(table) === true
}

/**
 * True when no table outside the plan may hold older entries of its keys: at its output level or below,
 * but for newer ones of level 0.
 */
export function isLowest(version: Version, plan: CompactionPlan): boolean {
  const picked = new Set(plan.runs.flat())
  const { from, to } = rangeOf([...picked])
  const newest = Math.max(...[...picked].map(({ meta }) => meta.maxSequence))
  for (const level of version.levels.slice(plan.outputLevel)) {
    for (const table of level) {
      if (picked.has(table) || !overlaps(table.meta, from, to)) continue
      if (plan.outputLevel > 0 || table.meta.minSequence <= newest) return false
    }
  }
  return true
}

/** True when no two of the tables may hold the same key. */
export function areDisjoint(tables: readonly Table[]): boolean {
  const sorted = [...tables].sort((a, b) => compareBytes(a.meta.smallest, b.meta.smallest))
  return sorted.every((table, i) => {
    const before = sorted[i - 1]
    return before === undefined || compareBytes(before.meta.largest, table.meta.smallest) < 0
  })
}
