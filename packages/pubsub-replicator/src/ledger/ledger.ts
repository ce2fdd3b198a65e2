import { type HlcTimestamp, HybridClock } from '@ashlar/codec'
import type { Operation, Store } from '@ashlar/lsm-store'
import { ReplicatorError } from '../errors.ts'
import { decodeRecord } from '../record/record.ts'
import { joinRows, type LostWrite } from '../row/join.ts'
import { type WriteIntent, writeRow } from '../row/local-write.ts'
import { evictionOf, isWrittenBy, latestStamp, type Row } from '../row/row.ts'
import { decodeRow, encodeRow } from '../row/row-bytes.ts'
import type { TableState } from './table-state.ts'
import { tombstoneOperation } from './tombstone-index.ts'

/** One write of a user. */
export interface LocalWrite {
  readonly table: TableState
  readonly id: Uint8Array
  readonly intent: WriteIntent
}

/** One row from a publisher. */
export interface RemoteRow {
  readonly table: TableState
  readonly id: Uint8Array
  readonly row: Row
}

/** A write that lost, and where. */
export interface Conflict extends LostWrite {
  readonly table: string
  readonly id: Uint8Array
}

/** What applying rows of a publisher did. */
export interface Applied {
  /** Resolves when the batch is as durable as the store's sync mode says. */
  readonly done: Promise<number>
  readonly changed: number
  readonly conflicts: readonly Conflict[]
}

/** What the ledger needs. */
export interface LedgerOptions {
  readonly store: Store
  readonly node: string
  readonly hlc: HybridClock
  readonly maxTransactionBytes: number
}

/**
 * The one place that writes rows. Each commit reads, joins and hands one batch to the store within
 * one turn of the event loop, so that no two commits interleave and readers see all of it or none.
 */
export class Ledger {
  readonly store: Store
  readonly node: string
  readonly hlc: HybridClock
  readonly maxTransactionBytes: number
  #pending = 0
  #idle: (() => void)[] = []
  #lastRowSequence = 0

  constructor(options: LedgerOptions) {
    this.store = options.store
    this.node = options.node
    this.hlc = options.hlc
    this.maxTransactionBytes = options.maxTransactionBytes
    this.#lastRowSequence = options.store.lastSequence
  }

  /** The stored version, tombstones included; undefined when there is none. */
  read(table: TableState, id: Uint8Array): Row | undefined {
    const bytes = this.store.getSync(table.keys.key(id))
    return bytes === undefined ? undefined : decodeRow(bytes)
  }

  /** Sequence of the newest batch with rows that the store has taken. */
  get lastRowSequence(): number {
    return this.#lastRowSequence
  }

  /** True while a batch is on its way to the log. */
  get writing(): boolean {
    return this.#pending > 0
  }

  /** All rows up to here stand in the log: a batch can be read before it is there. */
  get loggedSequence(): number {
    return this.writing ? this.#lastRowSequence : this.store.lastSequence
  }

  /** Resolves when nothing is on its way to the log any more. */
  drain(): Promise<void> {
    return this.#pending === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve))
  }

  /**
   * Writes of one transaction: one stamp, one batch. Answers how many changed something.
   * Throws `TRANSACTION_TOO_LARGE` and has then done nothing.
   */
  async commit(writes: readonly LocalWrite[]): Promise<number> {
    const stamp = this.hlc.now()
    const batch = new RowBatch(this, stamp)
    for (const { table, id, intent } of writes) {
      const row = writeRow(batch.read(table, id), intent, stamp, table.merge)
      if (row !== undefined) batch.stage(table, id, row)
    }
    const operations = batch.operations()
    if (operations.length === 0) return 0
    if (batch.bytes > this.maxTransactionBytes)
      throw tooLarge(batch.bytes, this.maxTransactionBytes)
    await this.#write(operations)
    return batch.size
  }

  /**
   * Joins rows of a publisher in order, and writes `cursors` in the same batch.
   * Throws `CLOCK_DRIFT` of the codec and has then done nothing.
   */
  apply(publisher: string, rows: readonly RemoteRow[], cursors: readonly Operation[]): Applied {
    const batch = new RowBatch(this, this.#receive(rows))
    const conflicts: Conflict[] = []
    for (const { table, id, row } of rows) {
      const local = batch.read(table, id)
      if (row.evicted) {
        if (isCovered(local, row.stamp, publisher, this.node)) batch.evict(table, id, local)
        continue
      }
      const joined = joinRows(local, row)
      if (joined.lost) conflicts.push({ ...joined.lost, table: table.name, id })
      if (joined.changed) batch.stage(table, id, { ...joined.row, via: publisher })
      else if (isRegained(local, row, this.node))
        batch.stage(table, id, { ...local, via: publisher })
    }
    return this.#finish(batch, cursors, conflicts)
  }

  /** Drops rows that came from a publisher and that it does not have or select any more. */
  evict(publisher: string, table: TableState, ids: readonly Uint8Array[]): Applied {
    const batch = new RowBatch(this, this.hlc.now())
    for (const id of ids) {
      const local = batch.read(table, id)
      // a tombstone stays, to be collected when nobody needs it
      if (isFrom(local, publisher, this.node) && local.value !== undefined) {
        batch.evict(table, id, local)
      }
    }
    return this.#finish(batch, [], [])
  }

  /**
   * Writes rows again as this node's own, so that all who receive from it get them, and `notes` in
   * the same batch.
   */
  adopt(table: TableState, ids: readonly Uint8Array[], notes: readonly Operation[]): Applied {
    const batch = new RowBatch(this, this.hlc.now())
    for (const id of ids) {
      const local = batch.read(table, id)
      if (local !== undefined) batch.stage(table, id, { ...local, via: '' })
    }
    return this.#finish(batch, notes, [])
  }

  /** Gives rows that were adopted back to a publisher that has them again. */
  release(
    publisher: string,
    table: TableState,
    ids: readonly Uint8Array[],
    notes: readonly Operation[],
  ): Applied {
    const batch = new RowBatch(this, this.hlc.now())
    for (const id of ids) {
      const local = batch.read(table, id)
      if (isAdopted(local, this.node)) batch.stage(table, id, { ...local, via: publisher })
    }
    return this.#finish(batch, notes, [])
  }

  #receive(rows: readonly RemoteRow[]): HlcTimestamp {
    let newest: HlcTimestamp | undefined
    for (const { row } of rows) {
      const stamp = latestStamp(row)
      if (newest === undefined || stamp.time > newest.time) newest = stamp
    }
    return newest === undefined ? this.hlc.now() : this.hlc.receive(newest)
  }

  #finish(batch: RowBatch, cursors: readonly Operation[], conflicts: readonly Conflict[]): Applied {
    const operations = [...batch.operations(), ...cursors]
    const done = operations.length === 0 ? Promise.resolve(0) : this.#write(operations)
    return { done, changed: batch.size, conflicts }
  }

  async #write(operations: readonly Operation[]): Promise<number> {
    this.#pending += 1
    try {
      const sequence = await this.store.write(operations)
      if (sequence > this.#lastRowSequence) this.#lastRowSequence = sequence
      return sequence
    } finally {
      this.#pending -= 1
      if (this.#pending === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }
}

interface StagedRow {
  readonly table: TableState
  readonly id: Uint8Array
  readonly before: Row | undefined
  row: Row | undefined
  /** Newest version that left; its notice goes before the row into the log. */
  evicted: HlcTimestamp | undefined
}

/** Rows to be written together; reads see what is staged. */
class RowBatch {
  readonly #ledger: Ledger
  readonly #stamp: HlcTimestamp
  readonly #staged = new Map<string, StagedRow>()
  bytes = 0

  constructor(ledger: Ledger, stamp: HlcTimestamp) {
    this.#ledger = ledger
    this.#stamp = stamp
  }

  get size(): number {
    return this.#staged.size
  }

  read(table: TableState, id: Uint8Array): Row | undefined {
    const staged = this.#staged.get(nameOf(table, id))
    return staged === undefined ? this.#ledger.read(table, id) : staged.row
  }

  stage(table: TableState, id: Uint8Array, row: Row): void {
    this.#entry(table, id).row = row
  }

  evict(table: TableState, id: Uint8Array, local: Row): void {
    const entry = this.#entry(table, id)
    entry.row = undefined
    entry.evicted = latestStamp(local)
  }

  operations(): Operation[] {
    const operations: Operation[] = []
    for (const entry of this.#staged.values()) this.#emit(entry, operations)
    return operations
  }

  #emit({ table, id, before, row, evicted }: StagedRow, operations: Operation[]): void {
    const key = table.keys.key(id)
    if (evicted !== undefined && (table.forward || before?.via === '')) {
      // only the log keeps it: whoever follows this node learns that the row left
      const notice = encodeRow(evictionOf(evicted, leftBy(table, id, before, undefined)))
      operations.push({ type: 'put', key, value: notice })
    }
    if (row === undefined) {
      operations.push({ type: 'delete', key })
      return
    }
    const value = encodeRow({ ...row, left: leftBy(table, id, before, row) })
    operations.push({ type: 'put', key, value })
    this.bytes += key.length + value.length
    if (row.value === undefined) {
      operations.push(tombstoneOperation(table.name, id, this.#stamp.time, latestStamp(row)))
    }
  }

  #entry(table: TableState, id: Uint8Array): StagedRow {
    const name = nameOf(table, id)
    let entry = this.#staged.get(name)
    if (entry === undefined) {
      const before = this.#ledger.read(table, id)
      entry = { table, id, before, row: before, evicted: undefined }
      this.#staged.set(name, entry)
    }
    return entry
  }
}

/** The conditions that the row fulfilled before and does not fulfil now. */
function leftBy(
  table: TableState,
  id: Uint8Array,
  before: Row | undefined,
  row: Row | undefined,
): string[] {
  if (table.held.size === 0 || before?.value === undefined) return []
  const old = decodeRecord(before.value)
  const now = row?.value === undefined ? undefined : decodeRecord(row.value)
  const left: string[] = []
  for (const [digest, selection] of table.held) {
    if (!selection.hasId(id) || !selection.matches(old)) continue
    if (now === undefined || !selection.matches(now)) left.push(digest)
  }
  return left
}

function isFrom(local: Row | undefined, publisher: string, node: string): local is Row {
  if (local === undefined || local.evicted) return false
  return (local.via === publisher || local.via === '') && !isWrittenBy(local, node)
}

/** Taken over from a publisher that has lost it: this node's own, with no part written here. */
export function isAdopted(local: Row | undefined, node: string): local is Row {
  return local !== undefined && local.via === '' && isFrom(local, '', node)
}

/** A version that was lost, and that its publisher tells again. */
function isRegained(local: Row | undefined, told: Row, node: string): local is Row {
  if (!isAdopted(local, node)) return false
  return HybridClock.compare(latestStamp(local), latestStamp(told)) === 0
}

function isCovered(
  local: Row | undefined,
  stamp: HlcTimestamp,
  publisher: string,
  node: string,
): local is Row {
  return isFrom(local, publisher, node) && HybridClock.compare(latestStamp(local), stamp) <= 0
}

function nameOf(table: TableState, id: Uint8Array): string {
  return `${table.name} ${Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')}`
}

function tooLarge(bytes: number, max: number): ReplicatorError {
  return new ReplicatorError(
    'TRANSACTION_TOO_LARGE',
    `the transaction has ${bytes} bytes, at most ${max} can be moved as one: write less at a time`,
  )
}
