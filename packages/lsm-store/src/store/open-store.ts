import { FRAME_HEADER_BYTES, frameEnd } from '../bytes/frame.ts'
import { readUint32 } from '../bytes/integers.ts'
import { inlineRunner, type JobRunner, workerRunner } from '../compaction/job-runner.ts'
import { corruption, ioError, StoreError } from '../errors.ts'
import { isMissing, readFully, type StoreLock } from '../fs/file-system.ts'
import { checkedFilter, type KeyspaceEdit, Keyspaces } from '../keyspace/keyspaces.ts'
import { type LoadedManifest, Manifest } from '../manifest/manifest.ts'
import { type ManifestState, NEW_STORE } from '../manifest/manifest-format.ts'
import { TableSet } from '../manifest/table-set.ts'
import { LEVELS } from '../manifest/version.ts'
import { loadOperator, type MergeOperator } from '../merge/merge-operator.ts'
import type { ResolvedOptions } from '../options.ts'
import { BlockCache } from '../sstable/block-cache.ts'
import { tableContext } from '../sstable/table-context.ts'
import { tableName } from '../sstable/table-format.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { valueFileName } from '../value-files/value-file-format.ts'
import { valueFilesOf } from '../value-files/value-ref.ts'
import { type FixedEntry, LogCatalog } from '../wal/log-catalog.ts'
import { logName, readFileHeader, readGroupHeader } from '../wal/log-format.ts'
import { checkLogVersion } from '../wal/log-replay.ts'
import type { LogSegment } from '../wal/log-segment.ts'
import { recoverLogs } from '../wal/recover-logs.ts'
import { SegmentFactory } from '../wal/segment-factory.ts'
import { Garbage } from './garbage.ts'
import { EventSink, Health } from './health.ts'
import { FileNumbers, Segments } from './segments.ts'

/** Room in an arena beyond the memtable's limit, for the write that fills it. */
export const ARENA_SLACK: number = 64 * 1024

/** What is read of a log to learn where it starts. */
const HEAD_BYTES = 64 * 1024

/** Everything that a running store is made of. */
export interface OpenedStore {
  readonly path: string
  readonly options: ResolvedOptions
  readonly lock: StoreLock
  readonly health: Health
  readonly events: EventSink
  readonly tables: TableSet
  readonly keyspaces: Keyspaces
  readonly segments: Segments
  readonly catalog: LogCatalog
  readonly garbage: Garbage
  readonly numbers: FileNumbers
  readonly factory: SegmentFactory
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
  const files = listFiles(options.fileSystem.list(path))
  const loaded = loadManifest(path, options, files)
  let segments: readonly LogSegment[] = []
  try {
    const events = new EventSink(options.events, options.logger)
    reportRepairs(loaded, events)
    const { state } = loaded.manifest
    checkTables(path, state, files)
    checkValues(path, metasOf(state), files)
    const highest = files.all.reduce((most, number) => Math.max(most, number), 0)
    const numbers = new FileNumbers(Math.max(state.nextNumber, highest + 1))
    const garbage = new Garbage(options.fileSystem, events)
    const factory = new SegmentFactory({
      fileSystem: options.fileSystem,
      clock: options.clock,
      directory: path,
      takeNumber: () => numbers.take(),
      discard: (file) => garbage.remove(file),
      capacity: options.memtableBytes + ARENA_SLACK,
    })
    const logs = recoverSegments(path, options, state, files, factory, events)
    segments = logs.segments
    // From here on everything that was recovered is durable, however it got here.
    for (const segment of segments) segment.file.syncNow()
    const ingested = segments.flatMap(({ memtable }) => memtable.ingests)
    const ingestedTables = ingested.flatMap(({ tables }) => tables)
    checkIngested(path, ingestedTables, files)
    // Files that neither the manifest nor a log knows are leftovers of a crash, if it can be trusted.
    if (loaded.proven) removeLeftovers(path, options, [...metasOf(state), ...ingestedTables])
    if (logs.firstLog !== state.firstLog) {
      await loaded.manifest.commit({ firstLog: logs.firstLog, nextNumber: numbers.next })
    }
    const { merge } = options.defaultKeyspace
    const operator = merge === undefined ? undefined : await loadOperator(merge)
    const filter = await checkedFilter(options.defaultKeyspace)
    const catalog = catalogLogs(path, options, logs.firstLog, segments, events)
    return assemble(
      { path, options, lock, events, segments, catalog, garbage, numbers, factory },
      loaded,
      operator,
      filter,
    )
  } catch (error) {
    for (const { file } of segments) file.close()
    await loaded.manifest.close()
    throw error
  }
}

function assemble(
  parts: Pick<
    OpenedStore,
    'path' | 'options' | 'lock' | 'events' | 'catalog' | 'garbage' | 'numbers' | 'factory'
  > & { readonly segments: readonly LogSegment[] },
  { manifest }: LoadedManifest,
  operator: MergeOperator | undefined,
  filter: string | undefined,
): OpenedStore {
  const { path, options, events, garbage, segments } = parts
  const { fileSystem } = options
  const context = tableContext(fileSystem, path, new BlockCache(options.blockCacheBytes))
  const tables = new TableSet(manifest, context, (file) => garbage.remove(file))
  for (const segment of segments) {
    const found = segment.memtable.ingests.flatMap((ingest) => ingest.tables)
    segment.attach(found.map((meta) => tables.open(meta)))
  }
  const { keyspaces: records, nextKeyspace } = manifest.state
  const health = new Health(path, options.readOnly, events)
  const commit = (edit: KeyspaceEdit): Promise<void> =>
    tables
      .commit(edit, () => {})
      .catch((error: unknown) => {
        // It may be durable all the same, unless it had no space.
        throw health.fail(error, 'commit to the manifest of', path)
      })
  const keyspaces = new Keyspaces(records, nextKeyspace, commit, options.defaultKeyspace)
  keyspaces.default.ttlMs = options.defaultKeyspace.ttlMs ?? 0
  keyspaces.default.operator = operator
  keyspaces.default.filter = filter
  return {
    ...parts,
    health,
    tables,
    keyspaces,
    segments: new Segments(segments),
    runner:
      options.tables.compaction === 'worker'
        ? workerRunner(options.tables.compactionThreads)
        : inlineRunner(fileSystem, options.clock),
    lastSequence: (segments[0] as LogSegment).memtable.lastSequence,
  }
}

function reportRepairs({ repaired }: LoadedManifest, events: EventSink): void {
  for (const copy of repaired) {
    const error = corruption(copy, 0, 'replaced by what the other copy of the manifest holds')
    events.error(error, false)
  }
}

interface StoreFiles {
  readonly logs: readonly number[]
  readonly tables: readonly number[]
  readonly values: readonly number[]
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
  const values = numbersOf(/^(\d{8,})\.values$/)
  const leftovers = names.filter((name) => name.endsWith('.tmp'))
  return { logs, tables, values, leftovers, all: [...logs, ...tables, ...values] }
}

function loadManifest(path: string, options: ResolvedOptions, files: StoreFiles): LoadedManifest {
  const { fileSystem } = options
  const loaded = Manifest.load(fileSystem, path)
  if (loaded !== undefined) {
    if (!options.errorIfExists) return loaded
    throw new StoreError('STORE_EXISTS', `A store exists in ${path} already: open another path.`, {
      path,
    })
  }
  if (files.all.length > 0) {
    throw corruption(`${path}/MANIFEST-A`, 0, 'both copies of the manifest are gone')
  }
  if (!options.createIfMissing) throw missing(path)
  return { manifest: Manifest.create(fileSystem, path, NEW_STORE), repaired: [], proven: true }
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

function metasOf({ tables }: ManifestState): TableMeta[] {
  return [...tables.values()].map(({ meta }) => meta)
}

/** Value files were durable before a table that points to them was. */
function checkValues(path: string, metas: readonly TableMeta[], files: StoreFiles): void {
  const there = new Set(files.values)
  for (const number of valueFilesOf(metas).keys()) {
    if (there.has(number)) continue
    throw corruption(`${path}/${valueFileName(number)}`, 0, 'the file is missing, with values')
  }
}

/** They were durable before the log named them. */
function checkIngested(path: string, metas: readonly TableMeta[], files: StoreFiles): void {
  for (const { number } of metas) {
    if (files.tables.includes(number)) continue
    throw corruption(`${path}/${tableName(number)}`, 0, 'the file is missing, an ingested table')
  }
  checkValues(path, metas, files)
}

function removeLeftovers(
  path: string,
  options: ResolvedOptions,
  metas: readonly TableMeta[],
): void {
  const { fileSystem } = options
  const { tables, values, leftovers } = listFiles(fileSystem.list(path))
  const known = new Set(metas.map(({ number }) => number))
  const pointed = valueFilesOf(metas)
  const unknown = tables.filter((number) => !known.has(number)).map(tableName)
  const unused = values.filter((number) => !pointed.has(number)).map(valueFileName)
  for (const name of [...unknown, ...unused, ...leftovers]) fileSystem.removeNow(`${path}/${name}`)
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
  factory: SegmentFactory,
  events: EventSink,
): RecoveredSegments {
  const { fileSystem, memtableBytes } = options
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
    mode: options.recovery,
  })
  const segments = recovered.segments.reverse()
  const newest = segments[0]
  if (newest === undefined) {
    segments.push(factory.create(nextSequence, 0))
  } else {
    const { droppedBytes } = recovered
    const { lastSequence } = newest.memtable
    if (droppedBytes > 0) events.emit('onRecovery', { droppedBytes, lastSequence })
  }
  for (const segment of segments) factory.adopt(segment)
  return { segments, firstLog: (segments[segments.length - 1] as LogSegment).number }
}

/** The logs that `changes()` can read: the unbroken sequence that leads up to now. */
function catalogLogs(
  path: string,
  options: ResolvedOptions,
  firstLog: number,
  segments: readonly LogSegment[],
  events: EventSink,
): LogCatalog {
  const { fileSystem } = options
  const kept: FixedEntry[] = []
  let next = (segments[segments.length - 1] as LogSegment).memtable.firstSequence
  let broken = false
  const older = listFiles(fileSystem.list(path)).logs.filter((number) => number < firstLog)
  for (const number of older.toReversed()) {
    const file = `${path}/${logName(number)}`
    const head = broken ? undefined : readHead(options, file)
    if (head === undefined) {
      if (!broken) events.error(corruption(file, 0, 'it is lost to changes()'), false)
      broken = true
      fileSystem.removeNow(file)
      continue
    }
    // A log without operations says nothing about them.
    const { length, firstSequence = next } = head
    kept.unshift({ number, path: file, firstSequence, lastSequence: next - 1, length })
    next = firstSequence
  }
  const catalog = new LogCatalog()
  for (const entry of kept) catalog.add(entry)
  for (const segment of segments.toReversed()) catalog.addSegment(segment)
  return catalog
}

interface LogHead {
  readonly length: number
  readonly firstSequence?: number
}

/** Size and first operation of a log, or undefined when its start is damaged. */
function readHead({ fileSystem }: ResolvedOptions, path: string): LogHead | undefined {
  const file = fileSystem.open(path, 'read')
  try {
    const length = file.size()
    const read = (count: number): Uint8Array => {
      const bytes = new Uint8Array(Math.min(count, length))
      return bytes.subarray(0, readFully(file, bytes, 0, bytes.length, 0))
    }
    let bytes = read(HEAD_BYTES)
    const headerEnd = frameEnd(bytes, 0, bytes.length)
    const header = readFileHeader(bytes, headerEnd)
    if (header === undefined) return undefined
    checkLogVersion(path, header.version)
    if (headerEnd === length) return { length }
    const needed = headerEnd + FRAME_HEADER_BYTES + readUint32(bytes, headerEnd)
    if (needed > bytes.length) bytes = read(needed)
    if (frameEnd(bytes, headerEnd, bytes.length) < 0) return undefined
    return { length, firstSequence: readGroupHeader(bytes, headerEnd).firstSequence }
  } finally {
    file.close()
  }
}

function missing(path: string): StoreError {
  return new StoreError(
    'STORE_MISSING',
    `${path} does not exist, or holds no store: check the path, or set createIfMissing.`,
    { path },
  )
}
