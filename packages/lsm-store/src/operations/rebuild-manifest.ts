import { isCount } from '../bytes/integers.ts'
import { outputNumbers } from '../compaction/job.ts'
import { runJob } from '../compaction/run-job.ts'
import type { StoreError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { isMissing } from '../fs/file-system.ts'
import { ingestedAt } from '../ingest/ingest-record.ts'
import { type LeveledTable, type ManifestState, NEW_STORE } from '../manifest/manifest-format.ts'
import { LEVELS } from '../manifest/version.ts'
import { PARTITION_BYTES } from '../sstable/table-builder.ts'
import { tableName } from '../sstable/table-format.ts'
import { metaFromJson, type TableMeta } from '../sstable/table-meta.ts'
import { isCutOff, type NamedIngests } from './named-ingests.ts'
import type { Pace } from './progress.ts'
import { rescueTable } from './rescue-table.ts'
import { finding, TableWalk } from './table-walk.ts'

/** Entries of keyspaces whose names are lost stay where they are: no new one may get their number. */
const FIRST_NEW_KEYSPACE = 2 ** 20

/** What tables alone tell of a store. */
export interface RebuiltManifest {
  readonly state: ManifestState
  readonly problems: readonly StoreError[]
  /** Tables that cannot be read. */
  readonly unreadable: readonly number[]
  /** Value files of which nothing is used any more. */
  readonly unusable: ReadonlySet<number>
  readonly lostEntries: number
}

interface FoundTable {
  readonly meta: TableMeta
  readonly inputs: readonly number[]
  readonly job: number
  readonly part: number
  readonly lastPart: boolean
  readonly shard: number
  readonly shards: number
  readonly ingestedAfter: number | undefined
}

/** @see rebuildManifest */
export interface RebuildOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly blockBytes: number
  readonly tableBytes: number
  readonly takeNumber: (count?: number) => number
  /** Ingested tables that logs should name and do not name are left out. */
  readonly named: NamedIngests
}

/**
 * Makes a state from the tables in a directory. Levels that no manifest vouches for may overlap, so
 * all tables are merged into one level: each version's own number says which is newest. Tables that a
 * compaction had replaced are told by what their successors say of them.
 */
export async function rebuildManifest(
  options: RebuildOptions,
  numbers: readonly number[],
  pace: Pace,
): Promise<RebuiltManifest> {
  const { fileSystem, directory, takeNumber, named } = options
  const problems: StoreError[] = []
  const unreadable: number[] = []
  const found: FoundTable[] = []
  for (const number of numbers) {
    try {
      const table = readFound(fileSystem, directory, number)
      const { ingestedAfter } = table
      if (ingestedAfter !== undefined && isCutOff(named, number, ingestedAfter)) continue
      found.push(table)
    } catch (error) {
      if (!isMissing(error)) unreadable.push(number)
      problems.push(finding(error, `${directory}/${tableName(number)}`))
    }
  }
  const sound: TableMeta[] = []
  const unusable = new Set<number>()
  let lostEntries = 0
  // An ingest says nothing of what is written before it: that may stand in a log alone.
  let flushedSequence = 0
  for (const { meta, ingestedAfter } of withoutReplaced(found)) {
    const rescued = await rescueTable({ ...options, level: 0 }, meta, pace)
    problems.push(...rescued.problems)
    lostEntries += rescued.lostEntries
    for (const number of rescued.unusable) unusable.add(number)
    if (rescued.meta === undefined) continue
    sound.push(rescued.meta)
    if (ingestedAfter !== undefined) continue
    flushedSequence = Math.max(flushedSequence, rescued.meta.maxSequence)
  }
  const tables = await mergeAll(options, sound, pace)
  const leveled = tables.map((meta): [number, LeveledTable] => [
    meta.number,
    { level: LEVELS - 1, meta },
  ])
  const state = {
    ...NEW_STORE,
    nextKeyspace: FIRST_NEW_KEYSPACE,
    nextNumber: takeNumber(0),
    flushedSequence,
    tables: new Map(leveled),
  }
  return { state, problems, unreadable, unusable, lostEntries }
}

function readFound(fileSystem: FileSystem, directory: string, number: number): FoundTable {
  const walk = TableWalk.open(fileSystem, directory, number)
  try {
    const properties = walk.sections().properties() as Readonly<Record<string, unknown>>
    const meta = metaFromJson({ ...properties, bytes: walk.bytes })
    const { inputs, job, part, lastPart } = properties
    const whole = Array.isArray(inputs) && inputs.every(isCount) && isCount(job) && isCount(part)
    if (meta === undefined || !whole) throw new Error('properties that are not those of a table')
    const { ingestedAfter } = properties
    // Only the manifest and the logs knew its place in the history: it was behind this one.
    const placed = isCount(ingestedAfter) ? ingestedAt(meta, ingestedAfter + 1) : meta
    const { shard = 0, shards = 1 } = properties
    const origin = { inputs, job, part, lastPart: lastPart === true }
    if (!isCount(shard) || !isCount(shards)) throw new Error('properties of no part of a job')
    const after = isCount(ingestedAfter) ? ingestedAfter : undefined
    return { meta: placed, ...origin, shard, shards, ingestedAfter: after }
  } finally {
    walk.close()
  }
}

/** Leaves out the inputs of jobs whose output is there whole. */
function withoutReplaced(found: readonly FoundTable[]): FoundTable[] {
  const replaced = new Set<number>()
  /** By job: parts cut by keys that are whole. One without any output is never found to be. */
  const whole = new Map<number, number>()
  for (const last of found) {
    if (!last.lastPart) continue
    const parts = found.filter(({ job, shard }) => job === last.job && shard === last.shard)
    if (parts.length < last.part + 1) continue
    const count = (whole.get(last.job) ?? 0) + 1
    whole.set(last.job, count)
    if (count === last.shards) for (const input of last.inputs) replaced.add(input)
  }
  return found.filter(({ meta }) => !replaced.has(meta.number))
}

async function mergeAll(
  options: RebuildOptions,
  metas: readonly TableMeta[],
  pace: Pace,
): Promise<readonly TableMeta[]> {
  const { fileSystem, directory, blockBytes, tableBytes, takeNumber } = options
  if (metas.length === 0) return []
  const runs = metas.map((meta) => [meta])
  const numbers = outputNumbers(runs, tableBytes, [])
  const steps = runJob(
    {
      kind: 'compaction',
      directory,
      runs,
      outputLevel: LEVELS - 1,
      dropDeletes: true,
      number: takeNumber(numbers),
      numbers,
      blockBytes,
      partitionBytes: PARTITION_BYTES,
      compression: 'none',
      largeValueBytes: 0,
      spaces: [],
      moving: [],
      tableBytes,
      bytesPerSecond: 0,
      snapshots: [],
      ranges: [],
      // Operands stay as they are, and nothing expires: that is for the open store.
      operators: [],
      filters: [],
      expireBefore: 0,
    },
    fileSystem,
  )
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value.tables
    await pace.turn(directory)
  }
}
