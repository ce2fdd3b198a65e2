import { StoreError } from '../errors.ts'
import { type FileSystem, isMissing } from '../fs/file-system.ts'
import { nodeFileSystem } from '../fs/node-file-system.ts'
import { Manifest } from '../manifest/manifest.ts'
import type { LeveledTable, ManifestState } from '../manifest/manifest-format.ts'
import type { RangeDelete } from '../range-delete/range-delete.ts'
import { tableName } from '../sstable/table-format.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { FileNumbers } from '../store/segments.ts'
import { valueFileName } from '../value-files/value-file-format.ts'
import { pointedBytes } from '../value-files/value-ref.ts'
import { logName } from '../wal/log-format.ts'
import { recoverLogs } from '../wal/recover-logs.ts'
import { namedIngests } from './named-ingests.ts'
import { type OperationOptions, Pace } from './progress.ts'
import { rebuildManifest } from './rebuild-manifest.ts'
import { rescueLog } from './rescue-logs.ts'
import { type LostKeys, rescueTable } from './rescue-table.ts'
import { finding } from './table-walk.ts'

/** What a damaged file's name ends with. */
const DAMAGED = '.damaged'
const BLOCK_BYTES = 4096
const TABLE_BYTES = 32 * 1024 * 1024

/** What {@link repairStore} may be told. */
export interface RepairOptions extends OperationOptions {
  /** Default `nodeFileSystem()`. */
  readonly fileSystem?: FileSystem
}

/** Keys of a damaged table that are gone, or show what they held before. */
export interface LostRange extends LostKeys {
  /** Number of the table. */
  readonly table: number
  readonly level: number
}

/** What a repair found and did. */
export interface RepairReport {
  /** Nothing was wrong, and nothing was changed. */
  readonly sound: boolean
  /** `rebuilt`: from the tables alone, since no copy was left; range deletes are lost then. */
  readonly manifest: 'sound' | 'one copy damaged' | 'rebuilt'
  /** Everything that was found wrong, each with file and offset. */
  readonly problems: readonly StoreError[]
  /** Between these keys, inclusive, entries are missing. */
  readonly lost: readonly LostRange[]
  /** How many entries that is, old versions and deletes included. */
  readonly lostEntries: number
  /** Operations saved from logs that a normal open would have refused. */
  readonly rescuedOperations: number
  /** Bytes of logs that belong to nothing that could be saved. */
  readonly lostLogBytes: number
  /** Damaged files, kept under these names. */
  readonly setAside: readonly string[]
}

/**
 * Makes a damaged store one that opens, with everything that can still be read. Damaged tables are
 * written anew without the blocks that are gone; a lost manifest is made from the tables; logs give
 * what their sound frames hold, also behind damage. Damaged files are kept, under `*.damaged`.
 *
 * Take a copy first: what a repair gives up is written in its report and nowhere else.
 *
 * @throws StoreError `STORE_LOCKED` when it is open, `STORE_MISSING`, `STORE_VERSION`, `STORE_IO`,
 * `STORE_FULL`.
 */
export async function repairStore(
  path: string,
  options: RepairOptions = {},
): Promise<RepairReport> {
  const fileSystem = options.fileSystem ?? nodeFileSystem()
  let names: readonly string[]
  try {
    names = fileSystem.list(path)
  } catch (error) {
    if (isMissing(error)) throw nothingThere(path)
    throw finding(error, path)
  }
  const repair = new Repair(fileSystem, path, names)
  if (!repair.isStore) throw nothingThere(path)
  const lock = fileSystem.lock(path)
  try {
    return await repair.run(options)
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    throw finding(error, path)
  } finally {
    lock.release()
  }
}

function nothingThere(path: string): StoreError {
  return new StoreError('STORE_MISSING', `${path} does not exist, or holds no store.`, { path })
}

class Repair {
  readonly isStore: boolean
  readonly #fileSystem: FileSystem
  readonly #path: string
  readonly #tables: readonly number[]
  /** Names of value files. */
  readonly #values: ReadonlySet<string>
  #logs: readonly number[]
  readonly #numbers: FileNumbers
  readonly #problems: StoreError[] = []
  readonly #lost: LostRange[] = []
  readonly #aside: string[] = []
  /** Logs that the new state does without: all, when any could not be replayed. */
  #logsInTables: readonly number[] = []
  #lostEntries = 0
  #rescuedOperations = 0
  #lostLogBytes = 0
  #manifest: RepairReport['manifest'] = 'sound'

  constructor(fileSystem: FileSystem, path: string, names: readonly string[]) {
    const numbersOf = (pattern: RegExp): number[] =>
      names
        .map((name) => pattern.exec(name)?.[1])
        .filter((digits) => digits !== undefined)
        .map(Number)
        .sort((a, b) => a - b)
    this.#fileSystem = fileSystem
    this.#path = path
    this.#tables = numbersOf(/^(\d{8,})\.table$/)
    this.#values = new Set(names.filter((name) => name.endsWith('.values')))
    this.#logs = numbersOf(/^(\d{8,})\.log$/)
    const all = numbersOf(/^(\d{8,})\./)
    this.isStore = all.length > 0 || names.some((name) => name.startsWith('MANIFEST-'))
    this.#numbers = new FileNumbers((all.at(-1) ?? 0) + 1)
  }

  async run(options: RepairOptions): Promise<RepairReport> {
    const known = this.#readManifest()
    if (known !== undefined) this.#numbers.next = Math.max(this.#numbers.next, known.nextNumber)
    const bytes = known === undefined ? 0 : sizeOf(known)
    const pace = new Pace(options, bytes)
    const state =
      known === undefined ? await this.#rebuild(pace) : await this.#rescueTables(known, pace)
    const repaired = await this.#rescueLogs(state, known !== undefined, pace)
    const changed = repaired !== known || this.#manifest !== 'sound'
    if (changed) await this.#write(repaired)
    await pace.turn(this.#path)
    return {
      sound: !changed,
      manifest: this.#manifest,
      problems: this.#problems,
      lost: this.#lost,
      lostEntries: this.#lostEntries,
      rescuedOperations: this.#rescuedOperations,
      lostLogBytes: this.#lostLogBytes,
      setAside: this.#aside.map((name) => `${this.#path}/${name}${DAMAGED}`),
    }
  }

  #readManifest(): ManifestState | undefined {
    try {
      const read = Manifest.read(this.#fileSystem, this.#path)
      if (read !== undefined && read.damaged.length > 0) this.#manifest = 'one copy damaged'
      return read?.state
    } catch (error) {
      const problem = finding(error, this.#path)
      if (problem.code !== 'STORE_CORRUPT') throw problem
      this.#problems.push(problem)
      return undefined
    }
  }

  async #rebuild(pace: Pace): Promise<ManifestState> {
    this.#manifest = 'rebuilt'
    const options = {
      fileSystem: this.#fileSystem,
      directory: this.#path,
      blockBytes: BLOCK_BYTES,
      tableBytes: TABLE_BYTES,
      takeNumber: (count?: number) => this.#numbers.take(count),
      named: namedIngests(this.#fileSystem, this.#path, this.#logs),
    }
    const rebuilt = await rebuildManifest(options, this.#tables, pace)
    this.#problems.push(...rebuilt.problems)
    this.#lostEntries += rebuilt.lostEntries
    for (const number of rebuilt.unreadable) this.#aside.push(tableName(number))
    this.#setAsideValues(rebuilt.unusable)
    return rebuilt.state
  }

  async #rescueTables(state: ManifestState, pace: Pace): Promise<ManifestState> {
    const tables = new Map<number, LeveledTable>()
    for (const { level, meta } of state.tables.values()) {
      const rescued = await this.#rescueTable(meta, level, pace)
      if (rescued !== undefined) tables.set(rescued.number, { level, meta: rescued })
    }
    return this.#problems.length === 0 ? state : { ...state, tables }
  }

  /** The table itself when it is sound, one with what can be read of it, or none. */
  async #rescueTable(meta: TableMeta, level: number, pace: Pace): Promise<TableMeta | undefined> {
    const options = {
      fileSystem: this.#fileSystem,
      directory: this.#path,
      level,
      blockBytes: BLOCK_BYTES,
      takeNumber: () => this.#numbers.take(),
    }
    const rescued = await rescueTable(options, meta, pace)
    if (rescued.problems.length === 0) return rescued.meta
    this.#problems.push(...rescued.problems)
    this.#lost.push(...rescued.lost.map((keys) => ({ ...keys, table: meta.number, level })))
    this.#lostEntries += rescued.lostEntries
    if (this.#tables.includes(meta.number)) this.#aside.push(tableName(meta.number))
    this.#setAsideValues(rescued.unusable)
    return rescued.meta
  }

  /** What could be read of them was moved. */
  #setAsideValues(numbers: Iterable<number>): void {
    for (const number of numbers) {
      const name = valueFileName(number)
      if (this.#values.has(name) && !this.#aside.includes(name)) this.#aside.push(name)
    }
  }

  /** The state with what logs hold; the same one when they can be replayed as they are. */
  async #rescueLogs(state: ManifestState, known: boolean, pace: Pace): Promise<ManifestState> {
    const ingests = known ? this.#replay(state) : undefined
    const needed = this.#logs.filter((number) => number >= state.firstLog)
    const rescued = ingests === undefined ? undefined : await this.#rescueIngested(ingests, pace)
    if (ingests?.every((meta) => rescued?.includes(meta)) === true) return state
    const added: TableMeta[] = []
    const ranges: RangeDelete[] = []
    let { flushedSequence } = state
    for (const number of needed) {
      const options = {
        fileSystem: this.#fileSystem,
        directory: this.#path,
        blockBytes: BLOCK_BYTES,
        takeNumber: () => this.#numbers.take(),
        after: flushedSequence,
      }
      const log = rescueLog(options, number)
      added.push(...log.tables)
      if (rescued === undefined) added.push(...(await this.#rescueIngested(log.ingested, pace)))
      ranges.push(...log.ranges)
      flushedSequence = log.lastSequence
      this.#rescuedOperations += log.operations
      this.#lostLogBytes += log.lostBytes
      if (log.lostBytes > 0) this.#aside.push(logName(number))
    }
    added.push(...(rescued ?? []))
    this.#logsInTables = this.#logs
    const tables = new Map(state.tables)
    for (const meta of added) tables.set(meta.number, { level: 0, meta })
    // What comes next is newer than all that there is.
    for (const { meta } of tables.values()) {
      flushedSequence = Math.max(flushedSequence, meta.maxSequence)
    }
    const all = [...state.ranges, ...ranges]
    return { ...state, firstLog: 0, flushedSequence, tables, ranges: all }
  }

  /** What can be saved of tables that logs name: themselves when they are sound. */
  async #rescueIngested(metas: readonly TableMeta[], pace: Pace): Promise<TableMeta[]> {
    const tables: TableMeta[] = []
    for (const meta of metas) {
      const rescued = await this.#rescueTable(meta, 0, pace)
      if (rescued !== undefined) tables.push(rescued)
    }
    return tables
  }

  /**
   * The ingested tables of logs that a normal open would replay, having cut off what a crash left;
   * undefined when it would not.
   */
  #replay(state: ManifestState): TableMeta[] | undefined {
    const needed = this.#logs.filter((number) => number >= state.firstLog)
    if (state.firstLog > 0 && needed[0] !== state.firstLog) {
      const path = `${this.#path}/${logName(state.firstLog)}`
      this.#problems.push(finding(new Error('the file is missing'), path))
      return undefined
    }
    try {
      const { segments } = recoverLogs({
        fileSystem: this.#fileSystem,
        directory: this.#path,
        numbers: needed,
        nextSequence: state.flushedSequence + 1,
        capacity: 0,
      })
      for (const { file } of segments) file.close()
      // Unused ones are gone.
      const there = new Set(this.#fileSystem.list(this.#path))
      this.#logs = this.#logs.filter((number) => there.has(logName(number)))
      return segments.flatMap(({ memtable }) => memtable.ingests.flatMap(({ tables }) => tables))
    } catch (error) {
      const problem = finding(error, this.#path)
      if (problem.code !== 'STORE_CORRUPT') throw problem
      this.#problems.push(problem)
      return undefined
    }
  }

  /** The new manifest, durably; only then files go that nothing refers to any more. */
  async #write(state: ManifestState): Promise<void> {
    const next = { ...state, ordinal: state.ordinal + 1, nextNumber: this.#numbers.next }
    await this.#fileSystem.syncDirectory(this.#path)
    await Manifest.create(this.#fileSystem, this.#path, next).close()
    for (const name of this.#aside) {
      this.#fileSystem.rename(`${this.#path}/${name}`, `${this.#path}/${name}${DAMAGED}`)
    }
    for (const number of this.#logsInTables) {
      const name = logName(number)
      if (!this.#aside.includes(name)) this.#fileSystem.removeNow(`${this.#path}/${name}`)
    }
    await this.#fileSystem.syncDirectory(this.#path)
  }
}

function sizeOf(state: ManifestState): number {
  let bytes = 0
  for (const { meta } of state.tables.values()) bytes += meta.bytes + pointedBytes(meta)
  return bytes
}
