import type { Timer } from '@ashlar/codec'
import { planCollection } from '../compaction/collect-values.ts'
import type { JobResult } from '../compaction/job.ts'
import type { JobRunner } from '../compaction/job-runner.ts'
import { ownerOf } from '../compaction/level-zero.ts'
import { planManual } from '../compaction/manual-plan.ts'
import { nextPlan } from '../compaction/next-plan.ts'
import {
  areDisjoint,
  type CompactionPicker,
  type CompactionPlan,
  rangeOf,
} from '../compaction/picker.ts'
import { nextOutdated } from '../compaction/policy-picker.ts'
import { planCleanup, type RangeCleanup } from '../compaction/range-cleanup.ts'
import { asFlushed, asRun } from '../compaction/run-marks.ts'
import { runShards } from '../compaction/run-shards.ts'
import { ioError, isStoreError } from '../errors.ts'
import { type KeySpan, placeTables } from '../ingest/place-tables.ts'
import type { LeveledTable, ManifestEdit } from '../manifest/manifest-format.ts'
import type { Table } from '../sstable/table.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { ownValueBytes, writtenBytes } from '../value-files/value-ref.ts'
import type { LogSegment } from '../wal/log-segment.ts'
import { type BackgroundCounts, noCounts } from './background-counts.ts'
import { type EventSink, type Health, isNoSpace } from './health.ts'
import { JobFactory, type JobFactoryOptions } from './job-factory.ts'
import type { Segments } from './segments.ts'

const NOTHING: JobResult = { tables: [], ranges: [] }
const FIRST_RETRY_MS = 100
const RETRIES = 5
/** How long at least, and at most, until it looks for tables that are too old. */
const LEAST_AGE_DELAY_MS = 100
const MOST_AGE_DELAY_MS = 3_600_000

/** @see Background */
export interface BackgroundOptions extends JobFactoryOptions {
  readonly runner: JobRunner
  readonly picker: CompactionPicker
  readonly segments: Segments
  readonly health: Health
  readonly events: EventSink
  /** Resolves when the logs survive a power cut as far as they are written. */
  readonly syncLogs: () => Promise<void>
  /** A memtable is in a table now, and no longer in the list. */
  readonly onFlushed: (segment: LogSegment) => void
  /** A table that was written is in no manifest. */
  readonly discard: (table: TableMeta) => void
  /** The backlog changed. */
  readonly onProgress: () => void
}

/** Flushes memtables and compacts tables: at most one of each at a time. */
export class Background {
  readonly counts: BackgroundCounts = noCounts()
  readonly #options: BackgroundOptions
  readonly #jobs: JobFactory
  #flushing: Promise<void> | undefined
  #compacting: Promise<void> | undefined
  /** The keys that a compaction may write. */
  #busy: KeySpan | undefined
  /** Tables of an ingest are on their way into a level. */
  #placing = false
  #filtering = false
  readonly #waiting: Set<() => void> = new Set()
  #retries = 0
  #retryTimer: Timer | undefined
  #ageTimer: Timer | undefined
  #draining = false
  #closed = false

  constructor(options: BackgroundOptions) {
    this.#options = options
    this.#jobs = new JobFactory(options)
  }

  get isCompacting(): boolean {
    return this.#compacting !== undefined
  }

  /** A compaction is at work that changes what can be seen, but for snapshots that it knows of. */
  get isFiltering(): boolean {
    return this.#filtering
  }

  /** Starts what is due. */
  poke(): void {
    const { health, options } = this.#options
    if (
      this.#closed ||
      options.readOnly ||
      health.failure !== undefined ||
      health.full !== undefined
    )
      return
    const segment = this.#options.segments.oldestFull
    if (segment !== undefined && this.#flushing === undefined) {
      this.#flushing = this.#flush(segment).finally(() => {
        this.#flushing = undefined
        this.#advance()
      })
    }
    // What is being placed in a level must not meet what a compaction writes there.
    const free = this.#compacting === undefined && this.#retryTimer === undefined && !this.#placing
    if (free && !this.#draining) this.#pokeCompaction()
  }

  #pokeCompaction(): void {
    const { tables, picker, options } = this.#options
    const { version, usage } = tables
    const snapshots = this.#options.snapshots.sequences()
    const cleanup = version.ranges.size > 0 ? planCleanup(version, snapshots) : undefined
    if (cleanup !== undefined) {
      void this.#startCompaction(this.#clean(cleanup))
      return
    }
    const { tableBytes } = options.tables
    const plan = nextPlan({ picker, version, usage, snapshots, tableBytes })
    if (plan === undefined) {
      this.#watchAge()
      return
    }
    if (plan.drop === true) {
      const gone = { tables: plan.runs.flat().map(({ meta }) => meta), ranges: [] }
      void this.#startCompaction(this.#clean(gone))
      return
    }
    const move = plan.rewrite !== true && areDisjoint(plan.runs.flat())
    void this.#startCompaction(this.#compact(plan, move))
  }

  /** Looks again when tables will be old enough to be dropped. */
  #watchAge(): void {
    const { clock, tables, keyspaces } = this.#options
    const policies = keyspaces.policies()
    this.#ageTimer?.cancel()
    this.#ageTimer = undefined
    const at = policies.size === 0 ? undefined : nextOutdated(tables.version, policies)
    if (at === undefined) return
    const delayMs = Math.min(Math.max(at - clock.now(), LEAST_AGE_DELAY_MS), MOST_AGE_DELAY_MS)
    this.#ageTimer = clock.setTimer(() => this.poke(), delayMs)
  }

  #startCompaction(done: Promise<void>): Promise<void> {
    this.#compacting = done
      .catch((error: unknown) => this.#compactionFailed(error))
      .finally(() => {
        this.#compacting = undefined
        this.#busy = undefined
        this.#filtering = false
        this.#advance()
      })
    return done
  }

  /** Something ended: the backlog is another, those who wait look again, and more may be due. */
  #advance(): void {
    this.#options.onProgress()
    this.poke()
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of waiting) resume()
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  /** Resolves when no memtable up to this log is left to flush. */
  async flushed(lastLog: number): Promise<void> {
    const { segments, health } = this.#options
    for (;;) {
      const oldest = segments.oldestFull
      if (oldest === undefined || oldest.number > lastLog) return
      if (health.failure !== undefined) throw health.failure
      if (health.full !== undefined) throw health.full
      health.checkReadable()
      this.poke()
      await this.#progress()
    }
  }

  async #flush(segment: LogSegment): Promise<void> {
    const { segments, numbers, options, health, events, path, clock } = this.#options
    const since = clock.monotonic()
    const { memtable } = segment
    let written: readonly TableMeta[] = []
    try {
      // changes() goes on reading the log: a power cut must not take from it what the table has.
      const [result] = await Promise.all([
        memtable.count === 0 ? NOTHING : this.#options.runner.run(this.#jobs.flush(segment)),
        this.#options.syncLogs(),
      ])
      const { ranges } = result
      written = asFlushed(result.tables, Math.floor(clock.now()))
      const next = segments.list[segments.list.indexOf(segment) - 1] as LogSegment
      const ingested = memtable.ingests.flatMap(({ tables }) => tables)
      this.#placing = ingested.length > 0
      const edit = {
        added: [
          ...written.map((meta) => ({ level: 0, meta })),
          ...this.#place(ingested, written, Math.floor(clock.now())),
        ],
        firstLog: next.number,
        nextNumber: numbers.next,
        flushedSequence: memtable.lastSequence,
        ...(ranges.length === 0 ? {} : { addedRanges: ranges }),
      }
      const onVisible = (): void => {
        segments.remove(segment)
        this.#options.onFlushed(segment)
      }
      await this.#commit(edit, onVisible, segment.ingested)
      this.counts.ingestedTables += ingested.length
      this.counts.ingestedBytes += writtenBytes(ingested)
      const bytes = writtenBytes(written)
      this.counts.flushes += 1
      this.counts.flushedBytes += bytes
      const durationMs = clock.monotonic() - since
      for (const { number, entries } of written) {
        events.emit('onFlush', { table: number, entries, bytes, durationMs })
      }
      options.logger.debug('flushed a memtable', { path, bytes, durationMs })
    } catch (error) {
      if (this.#closed) return
      // The memtable and its log are still there: it is flushed when there is space.
      const { code } = health.fail(error, 'flush a memtable to', path)
      if (code === 'STORE_FULL') for (const table of written) this.#options.discard(table)
    } finally {
      this.#placing = false
    }
  }

  /** Ingested tables, each in its level; those of a keyspace with tables of its own stay in the first. */
  #place(
    ingested: readonly TableMeta[],
    fresh: readonly TableMeta[],
    writtenAt: number,
  ): LeveledTable[] {
    const { tables, keyspaces } = this.#options
    const own = new Set(keyspaces.policies().keys())
    return placeTables(tables.version, ingested, fresh, this.#busy).map(({ level, meta }) =>
      ownerOf(meta, own) === undefined
        ? { level, meta }
        : { level: 0, meta: { ...meta, writtenAt } },
    )
  }

  /** An edit may be durable although committing it failed: only one that had no space is tried again. */
  async #commit(
    edit: ManifestEdit,
    onVisible: () => void,
    handles?: readonly Table[],
  ): Promise<void> {
    const { tables, health, path } = this.#options
    try {
      await tables.commit(edit, onVisible, handles)
    } catch (error) {
      if (!isNoSpace(error) && !this.#closed)
        health.poison(error, 'commit to the manifest of', path)
      throw error
    }
  }

  /** Drops what range deletes have made superfluous: no table is read for it. */
  async #clean({ tables, ranges }: RangeCleanup): Promise<void> {
    await this.#commit(
      {
        removed: tables.map(({ number }) => number),
        ...(ranges.length === 0 ? {} : { removedRanges: ranges }),
      },
      () => {},
    )
    this.counts.droppedTables += tables.length
    this.counts.droppedBytes += tables.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async #compact(plan: CompactionPlan, move: boolean): Promise<void> {
    const { clock, events, numbers } = this.#options
    const since = clock.monotonic()
    const inputs = plan.runs.flat()
    this.#busy = rangeOf(inputs)
    this.#filtering = !move && this.#options.keyspaces.filters().length > 0
    const written = move
      ? inputs.map(({ meta }) => meta)
      : asRun(plan, await runShards(this.#options, this.#jobs.compaction(plan)))
    const edit = {
      added: written.map((meta) => ({ level: plan.outputLevel, meta })),
      removed: inputs.map(({ meta }) => meta.number),
      nextNumber: numbers.next,
    }
    try {
      await this.#commit(edit, () => {})
    } catch (error) {
      if (!move && isNoSpace(error)) for (const table of written) this.#options.discard(table)
      throw error
    }
    this.#retries = 0
    const inputBytes = move ? 0 : inputs.reduce((sum, { meta }) => sum + meta.bytes, 0)
    const outputBytes = move ? 0 : writtenBytes(written)
    this.counts.compactedValueBytes += move ? 0 : ownValueBytes(written)
    this.counts.compactions += 1
    this.counts.trivialMoves += move ? 1 : 0
    this.counts.compactedBytesRead += inputBytes
    this.counts.compactedBytesWritten += outputBytes
    events.emit('onCompaction', {
      fromLevel: plan.fromLevel,
      toLevel: plan.outputLevel,
      inputTables: inputs.length,
      outputTables: written.length,
      inputBytes,
      outputBytes,
      durationMs: clock.monotonic() - since,
    })
  }

  /** Damage cannot be compacted away; anything else may pass, and is tried again, later each time. */
  #compactionFailed(error: unknown): void {
    if (this.#closed) return
    const { health, events, path, clock } = this.#options
    if (isNoSpace(error)) {
      health.fail(error, 'compact', path)
      return
    }
    this.#retries += 1
    if (isStoreError(error, 'STORE_CORRUPT') || this.#retries > RETRIES) {
      health.poison(error, 'compact', path)
      return
    }
    events.error(ioError(error, 'compact', path), false)
    const delayMs = FIRST_RETRY_MS * 2 ** (this.#retries - 1)
    this.#retryTimer = clock.setTimer(() => {
      this.#retryTimer = undefined
      this.poke()
    }, delayMs)
  }

  /** Merges what holds keys of the range, with everything that was written before the call. */
  async compactRange(from: Uint8Array | undefined, to: Uint8Array | undefined): Promise<void> {
    const { health, keyspaces } = this.#options
    for (const space of [undefined, ...keyspaces.policies().keys()]) {
      // Nothing may come between the last look and the start.
      while (this.#isChanging) await (this.#compacting ?? this.#flushing)
      health.checkWritable()
      const plan = planManual(this.#options.tables.version, keyspaces.policies(), space, from, to)
      if (plan !== undefined) await this.#compactNow(plan)
    }
    await this.#collectValues()
  }

  async #compactNow(plan: CompactionPlan): Promise<void> {
    try {
      await this.#startCompaction(this.#compact(plan, false))
    } catch (error) {
      throw ioError(error, 'compact', this.#options.path)
    }
  }

  /** Goes on until no value file is half garbage, or the tables of now had their turn. */
  async #collectValues(): Promise<void> {
    const { health, tables, options } = this.#options
    for (let left = tables.state.tables.size; left >= 0; left--) {
      while (this.#isChanging) await (this.#compacting ?? this.#flushing)
      const plan = planCollection(tables.version, tables.usage, options.tables.tableBytes)
      if (plan === undefined) return
      health.checkWritable()
      await this.#compactNow(plan)
    }
  }

  /** Tables that a compaction may want are about to change. */
  get #isChanging(): boolean {
    return this.#compacting !== undefined || this.#placing
  }

  /** Flushes all full memtables and starts nothing else; gives up at the first that fails. */
  async drain(): Promise<void> {
    this.#draining = true
    for (let before = -1; before < this.counts.flushes; ) {
      before = this.counts.flushes
      this.poke()
      await this.#flushing
    }
  }

  /**
   * Cancels what runs, and waits until it touches no file any more: another store may be opened in
   * the same place next. Commits in flight are waited for by closing the manifest.
   */
  async close(): Promise<void> {
    this.#closed = true
    this.#retryTimer?.cancel()
    this.#ageTimer?.cancel()
    this.#advance()
    await this.#options.runner.close()
  }
}
