import { compareBytes } from '../bytes/compare.ts'
import { corruption, StoreError } from '../errors.ts'
import { type FileSystem, readWholeFile } from '../fs/file-system.ts'
import { nodeFileSystem } from '../fs/node-file-system.ts'
import { Manifest } from '../manifest/manifest.ts'
import { MANIFEST_NAMES, type ManifestState, scanManifest } from '../manifest/manifest-format.ts'
import { LEVELS } from '../manifest/version.ts'
import { tableName } from '../sstable/table-format.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { pointedBytes, valueFilesOf } from '../value-files/value-ref.ts'
import { logName } from '../wal/log-format.ts'
import { checkTable } from './check-table.ts'
import { type OperationOptions, Pace } from './progress.ts'
import { readLog } from './read-log.ts'
import { finding } from './table-walk.ts'

/** What `verify()` found. */
export interface VerifyReport {
  /** Nothing is wrong. */
  readonly ok: boolean
  readonly tables: number
  readonly valueFiles: number
  readonly blocks: number
  readonly entries: number
  readonly logs: number
  readonly bytes: number
  /** Everything that is wrong, each with file and offset. */
  readonly problems: readonly StoreError[]
}

/** The files to verify: a state that the manifest should lead to, and the logs of it. */
export interface VerifyTarget {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly state: ManifestState
  /** Logs with the bytes of each that are written. */
  readonly logs: readonly { readonly number: number; readonly bytes: number }[]
}

/** Where a store is that is not open. */
export interface VerifyOptions extends OperationOptions {
  /** Default `nodeFileSystem()`. */
  readonly fileSystem?: FileSystem
}

/**
 * As `store.verify()`, of a store that is not open, and without changing anything: a store that would
 * not open is read as far as its manifest leads. The unfinished end that a crash left in a log counts
 * as a problem here, which an open would cut off.
 *
 * @throws StoreError `STORE_LOCKED`, `STORE_MISSING`, `STORE_VERSION`; `STORE_CORRUPT` when no copy of
 * the manifest can be read.
 */
export async function verifyStore(
  path: string,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const fileSystem = options.fileSystem ?? nodeFileSystem()
  const read = readManifest(fileSystem, path)
  if (read === undefined) {
    const message = `${path} does not exist, or holds no store.`
    throw new StoreError('STORE_MISSING', message, { path })
  }
  const lock = fileSystem.lock(path)
  try {
    const { state } = read
    const logs = fileSystem
      .list(path)
      .map((name) => Number(/^(\d{8,})\.log$/.exec(name)?.[1] ?? -1))
      .filter((number) => number >= state.firstLog)
      .map((number) => ({ number, bytes: sizeOf(fileSystem, `${path}/${logName(number)}`) }))
    return await verifyFiles({ fileSystem, directory: path, state, logs }, options)
  } finally {
    lock.release()
  }
}

function readManifest(fileSystem: FileSystem, path: string): ReturnType<typeof Manifest.read> {
  try {
    return Manifest.read(fileSystem, path)
  } catch (error) {
    throw finding(error, path)
  }
}

function sizeOf(fileSystem: FileSystem, path: string): number {
  const file = fileSystem.open(path, 'read')
  try {
    return file.size()
  } finally {
    file.close()
  }
}

/** Reads everything and checks it. */
export async function verifyFiles(
  target: VerifyTarget,
  options: OperationOptions,
): Promise<VerifyReport> {
  const { fileSystem, directory, state, logs } = target
  const known = [...state.tables.values()].map(({ meta }) => meta)
  const metas = [...known, ...ingestedIn(target)]
  const bytes =
    metas.reduce((sum, meta) => sum + meta.bytes + pointedBytes(meta), 0) +
    logs.reduce((sum, log) => sum + log.bytes, 0)
  const pace = new Pace(options, bytes)
  const problems = [...checkManifests(fileSystem, directory, state), ...checkLevels(target)]
  let blocks = 0
  let entries = 0
  for (const meta of metas) {
    const found = await checkTable(fileSystem, directory, meta, pace)
    blocks += found.blocks
    entries += found.entries
    problems.push(...found.problems)
  }
  for (const log of logs) {
    const path = `${directory}/${logName(log.number)}`
    problems.push(...checkLog(fileSystem, path, log.bytes))
    await pace.step(path, log.bytes)
  }
  await pace.turn(directory)
  const valueFiles = valueFilesOf(metas).size
  const counts = { tables: metas.length, valueFiles, blocks, entries, logs: logs.length, bytes }
  return { ok: problems.length === 0, ...counts, problems }
}

function checkManifests(
  fileSystem: FileSystem,
  directory: string,
  state: ManifestState,
): StoreError[] {
  const problems: StoreError[] = []
  for (const name of MANIFEST_NAMES) {
    const path = `${directory}/${name}`
    try {
      const { frames, damagedAt } = scanManifest(readWholeFile(fileSystem, path))
      const last = frames.at(-1)
      const ordinal = last?.kind === 'edit' ? last.ordinal : last?.state.ordinal
      if (damagedAt !== undefined) problems.push(corruption(path, damagedAt, 'no whole frame'))
      // An edit that is being written now is ahead of the state.
      else if ((ordinal ?? -1) < state.ordinal) {
        problems.push(corruption(path, 0, `it ends with edit ${ordinal}, not ${state.ordinal}`))
      }
    } catch (error) {
      problems.push(finding(error, path))
    }
  }
  return problems
}

/** Tables of a level below the first must not overlap. */
function checkLevels({ state, directory }: VerifyTarget): StoreError[] {
  const problems: StoreError[] = []
  for (let level = 1; level < LEVELS; level++) {
    const tables: TableMeta[] = []
    for (const table of state.tables.values()) if (table.level === level) tables.push(table.meta)
    tables.sort((a, b) => compareBytes(a.smallest, b.smallest))
    for (const [i, meta] of tables.entries()) {
      const before = tables[i - 1]
      if (before === undefined || compareBytes(before.largest, meta.smallest) < 0) continue
      const path = `${directory}/${tableName(meta.number)}`
      problems.push(corruption(path, 0, `keys that table ${before.number} has too, in one level`))
    }
  }
  return problems
}

/** Tables that logs name, as far as they can be read: what is wrong with a log is found out later. */
function ingestedIn({ fileSystem, directory, logs }: VerifyTarget): TableMeta[] {
  return logs.flatMap(({ number, bytes }) => {
    try {
      const { memtable } = readLog(fileSystem, `${directory}/${logName(number)}`, bytes)
      return memtable.ingests.flatMap(({ tables }) => tables)
    } catch {
      return []
    }
  })
}

function checkLog(fileSystem: FileSystem, path: string, bytes: number): StoreError[] {
  try {
    const { damage, end } = readLog(fileSystem, path, bytes).replay
    if (damage !== undefined) return [corruption(path, damage.offset, damage.reason)]
    return end < bytes ? [corruption(path, end, 'the file ends too early')] : []
  } catch (error) {
    return [finding(error, path)]
  }
}
