import { frameEnd } from '../bytes/frame.ts'
import { inlineRunner, type JobRunner, workerRunner } from '../compaction/job-runner.ts'
import { corruption, ioError, StoreError } from '../errors.ts'
import { isMissing, readFully, type StoreLock } from '../fs/file-system.ts'
import { type LoadedManifest, Manifest } from '../manifest/manifest.ts'
import type { ManifestState } from '../manifest/manifest-format.ts'
import { TableSet } from '../manifest/table-set.ts'
import { LEVELS } from '../manifest/version.ts'
import type { ResolvedOptions } from '../options.ts'
import { BlockCache } from '../sstable/block-cache.ts'
import { tableContext } from '../sstable/table.ts'
import { tableName } from '../sstable/table-format.ts'
import { LogCatalog } from '../wal/log-catalog.ts'
import { FILE_HEADER_BYTES, logName, readFileHeader } from '../wal/log-format.ts'
import { createSegment, type LogSegment } from '../wal/log-segment.ts'
import { recoverLogs } from '../wal/recover-logs.ts'
import { EventSink, Health } from './health.ts'
import { FileNumbers, Segments } from './segments.ts'

/** Room in an arena beyond the memtable's limit, for the write that fills it. */
export const ARENA_SLACK: number = 64 * 1024

/** Everything that a running store is made of. */
export interface OpenedStore {
  readonly path: string
  readonly options: ResolvedOptions
  readonly lock: StoreLock
  readonly health: Health
  readonly events: EventSink
  readonly tables: TableSet
  readonly segments: Segments
  readonly catalog: LogCatalog
  readonly numbers: FileNumbers
  readonly runner: JobRunner
  readonly lastSequence: number
}

/** Takes the lock, reads the manifest, and replays the logs. */
export async function openStore(path: string, options: ResolvedOptions): Promise<OpenedStore> {
  const { fileSystem } = options
  let lock: StoreLock | undefined
  try {
    if (options.createIfMissing) fileSystem.makeDirectory(path)
    lock = fileSystem.lock(path)
    return await recover(path, options, lock)
  } catch (error) {
    lock?.release()
    if (!options.createIfMissing && isMissing(error)) throw missing(path)
    throw ioError(error, 'open', path)
  }
}

async function recover(
  path: string,
  options: ResolvedOptions,
  lock: StoreLock,
): Promise<OpenedStore> {
  const { fileSystem } = options
  const events = new EventSink(options.events, options.logger)
  const files = listFiles(fileSystem.list(path))
  const { manifest, repaired, proven } = loadManifest(path, options, files)
  for (const copy of repaired) {
    events.error(
      corruption(copy, 0, 'replaced by what the other copy of the manifest holds'),
      false,
    )
  }
  const { state } = manifest
  checkTables(path, state, files)
  const numbers = new FileNumbers(Math.max(state.nextNumber, ...files.all.map((n) => n + 1)))
  // Tables that the manifest does not know are leftovers of a crash, if it can be trusted.
  if (proven) removeLeftovers(path, options, state)
  const context = tableContext(fileSystem, path, new BlockCache(options.blockCacheBytes))
  const tables = new TableSet(manifest, context, (error, file) =>
    events.error(ioError(error, 'remove', file), false),
  )
  const logs = recoverSegments(path, options, state, files, numbers, events)
  if (logs.firstLog !== state.firstLog) {
    await manifest.commit({ firstLog: logs.firstLog, nextNumber: numbers.next })
  }
  const catalog = catalogLogs(path, options, logs.firstLog, logs.segments)
  const lastSequence = (logs.segments[0] as LogSegment).memtable.lastSequence
  return {
    path,
    options,
    lock,
    health: new Health(path, events),
    events,
    tables,
    segments: new Segments(logs.segments),
    catalog,
    numbers,
    runner: options.tables.compaction === 'worker' ? workerRunner() : inlineRunner(fileSystem),
    lastSequence,
  }
}

interface StoreFiles {
  readonly logs: readonly number[]
  readonly tables: readonly number[]
  readonly leftovers: readonly string[]
  readonly all: readonly number[]
}

function listFiles(names: readonly string[]): StoreFiles {
  const numbersOf = (pattern: RegExp): number[] =>
    names
      .map((name) => pattern.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => a - b)
  const logs = numbersOf(/^(\d{8,})\.log$/)
  const tables = numbersOf(/^(\d{8,})\.table$/)
  const leftovers = names.filter((name) => name.endsWith('.tmp'))
  return { logs, tables, leftovers, all: [...logs, ...tables] }
}

function loadManifest(path: string, options: ResolvedOptions, files: StoreFiles): LoadedManifest {
  const { fileSystem } = options
  const loaded = Manifest.load(fileSystem, path)
  if (loaded !== undefined) {
    if (!options.errorIfExists) return loaded
    throw new StoreError('STORE_EXISTS', `${path} holds a store already: open another path.`, {
      path,
    })
  }
  if (files.all.length > 0) {
    throw corruption(`${path}/MANIFEST-A`, 0, 'both copies of the manifest are gone')
  }
  if (!options.createIfMissing) throw missing(path)
  const state: ManifestState = {
    ordinal: 0,
    firstLog: 0,
    nextNumber: 1,
    flushedSequence: 0,
    tables: new Map(),
  }
  return { manifest: Manifest.create(fileSystem, path, state), repaired: [], proven: true }
}

function checkTables(path: string, state: ManifestState, files: StoreFiles): void {
  const there = new Set(files.tables)
  for (const [number, { level }] of state.tables) {
    if (there.has(number)) continue
    throw corruption(
      `${path}/${tableName(number)}`,
      0,
      `the file is missing, a table of level ${level} of ${LEVELS}`,
    )
  }
}

function removeLeftovers(path: string, options: ResolvedOptions, state: ManifestState): void {
  const { fileSystem } = options
  const { tables, leftovers } = listFiles(fileSystem.list(path))
  const unknown = tables.filter((number) => !state.tables.has(number)).map(tableName)
  for (const name of [...unknown, ...leftovers]) fileSystem.remove(`${path}/${name}`)
}

interface RecoveredSegments {
  /** Newest first, at least one. */
  readonly segments: LogSegment[]
  readonly firstLog: number
}

function recoverSegments(
  path: string,
  options: ResolvedOptions,
  state: ManifestState,
  files: StoreFiles,
  numbers: FileNumbers,
  events: EventSink,
): RecoveredSegments {
  const { fileSystem, memtableBytes, clock } = options
  const needed = files.logs.filter((number) => number >= state.firstLog)
  if (state.firstLog > 0 && needed[0] !== state.firstLog) {
    throw corruption(`${path}/${logName(state.firstLog)}`, 0, 'the file is missing')
  }
  const capacity = memtableBytes + ARENA_SLACK
  const nextSequence = state.flushedSequence + 1
  const recovered = recoverLogs({
    fileSystem,
    directory: path,
    numbers: needed,
    nextSequence,
    capacity,
  })
  const segments = recovered.segments.reverse()
  const newest = segments[0]
  if (newest === undefined) {
    const number = numbers.take()
    segments.push(
      createSegment({
        fileSystem,
        clock,
        directory: path,
        number,
        firstSequence: nextSequence,
        capacity,
      }),
    )
  } else {
    // From here on everything that was recovered is durable, however it got here.
    for (const segment of segments) segment.file.syncNow()
    const { droppedBytes } = recovered
    const { lastSequence } = newest.memtable
    if (droppedBytes > 0) events.emit('onRecovery', { droppedBytes, lastSequence })
  }
  return { segments, firstLog: (segments[segments.length - 1] as LogSegment).number }
}

/** The logs that `changes()` can read: the unbroken sequence that leads up to now. */
function catalogLogs(
  path: string,
  options: ResolvedOptions,
  firstLog: number,
  segments: readonly LogSegment[],
): LogCatalog {
  const { fileSystem } = options
  const catalog = new LogCatalog(fileSystem)
  const older = listFiles(fileSystem.list(path)).logs.filter((number) => number < firstLog)
  let next = (segments[segments.length - 1] as LogSegment).memtable.firstSequence
  const kept: {
    number: number
    path: string
    firstSequence: number
    lastSequence: number
    length: number
  }[] = []
  for (const number of older.toReversed()) {
    const file = `${path}/${logName(number)}`
    const head = readHead(options, file)
    if (head === undefined || head.firstSequence > next) break
    kept.unshift({ number, path: file, ...head, lastSequence: next - 1 })
    next = head.firstSequence
  }
  const known = new Set(kept.map(({ number }) => number))
  for (const number of older) {
    if (!known.has(number)) fileSystem.remove(`${path}/${logName(number)}`)
  }
  for (const entry of kept) catalog.add(entry)
  for (const segment of segments.toReversed()) catalog.addSegment(segment)
  return catalog
}

function readHead(
  { fileSystem }: ResolvedOptions,
  path: string,
): { readonly firstSequence: number; readonly length: number } | undefined {
  const file = fileSystem.open(path, 'read')
  try {
    const bytes = new Uint8Array(FILE_HEADER_BYTES)
    readFully(file, bytes, 0, bytes.length, 0)
    const header = readFileHeader(bytes, frameEnd(bytes, 0, bytes.length))
    if (header === undefined) return undefined
    return { firstSequence: header.firstSequence, length: file.size() }
  } finally {
    file.close()
  }
}

function missing(path: string): StoreError {
  return new StoreError(
    'STORE_MISSING',
    `${path} holds no store: check the path, or set createIfMissing.`,
    { path },
  )
}
