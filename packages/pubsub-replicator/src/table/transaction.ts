import { ReplicatorError } from '../errors.ts'
import type { Ledger, LocalWrite } from '../ledger/ledger.ts'
import type { TableState } from '../ledger/table-state.ts'
import { MESSAGE_ITEMS_MAX } from '../protocol/messages.ts'
import { decodeRecord, type RecordData } from '../record/record.ts'
import { encodeId, type RecordId } from '../record/record-id.ts'
import { type WriteIntent, writeRow } from '../row/local-write.ts'
import { latestStamp, type Row } from '../row/row.ts'
import { patchOf, putOf } from './table.ts'

/** One table within a transaction. Reads see what the transaction has written. */
export interface TransactionTable<T extends object = RecordData> {
  get(id: RecordId): T | undefined
  put(id: RecordId, record: T): void
  patch(id: RecordId, fields: Partial<T>): void
  delete(id: RecordId): void
}

/** Writes of several records that become visible, durable and replicated together or not at all. */
export interface Transaction {
  /** A table of the replicator. Throws `TABLE_UNKNOWN`. */
  table<T extends object = RecordData>(name: string): TransactionTable<T>
}

/** Records that one transaction may write: as many as one message tells of. */
const TRANSACTION_WRITES_MAX = MESSAGE_ITEMS_MAX
const ATTEMPTS_MAX = 10
const NODE_OF_NO_ONE = 'uncommitted'

/**
 * Runs `work` and commits what it wrote, if nothing that it has read was changed meanwhile;
 * otherwise runs it again, so it must be free to repeat.
 */
export async function runTransaction<R>(
  ledger: Ledger,
  tableOf: (name: string) => TableState,
  work: (transaction: Transaction) => R | Promise<R>,
): Promise<R> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const buffer = new WriteBuffer(ledger)
    const result = await work({ table: (name) => tableIn(buffer, tableOf(name)) })
    buffer.end()
    if (!buffer.isCurrent()) continue
    await ledger.commit(buffer.writes) // from the check to the batch nothing can come between
    return result
  }
  throw new ReplicatorError(
    'TRANSACTION_CONFLICT',
    `what the transaction read was changed ${ATTEMPTS_MAX} times before it could commit: ` +
      'make it shorter, or let one writer own these records',
  )
}

function tableIn<T extends object>(buffer: WriteBuffer, table: TableState): TransactionTable<T> {
  return {
    // what the type says of records is the word of those who write them
    get: (id) => buffer.read(table, encodeId(id)) as T | undefined,
    put: (id, record) => buffer.write(table, encodeId(id), putOf(record)),
    patch: (id, fields) => buffer.write(table, encodeId(id), patchOf(fields)),
    delete: (id) => buffer.write(table, encodeId(id), { type: 'delete' }),
  }
}

interface ReadRow {
  readonly table: TableState
  readonly id: Uint8Array
  readonly row: Row | undefined
}

class WriteBuffer {
  readonly #ledger: Ledger
  readonly #reads = new Map<string, ReadRow>()
  /** What was there before a write, to be checked if it is then read. */
  readonly #bases = new Map<string, ReadRow>()
  /** What the written records look like to this transaction. */
  readonly #views = new Map<string, Row | undefined>()
  readonly writes: LocalWrite[] = []
  #ended = false

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  read(table: TableState, id: Uint8Array): RecordData | undefined {
    this.#assertRunning()
    const name = nameOf(table, id)
    let row = this.#views.get(name)
    if (!this.#views.has(name)) {
      row = this.#ledger.read(table, id)
      this.#views.set(name, row)
      this.#reads.set(name, { table, id, row })
    }
    const base = this.#bases.get(name)
    if (base !== undefined && !this.#reads.has(name)) this.#reads.set(name, base)
    return row?.value === undefined ? undefined : decodeRecord(row.value)
  }

  write(table: TableState, id: Uint8Array, intent: WriteIntent): void {
    this.#assertRunning()
    if (this.writes.length >= TRANSACTION_WRITES_MAX) {
      throw new ReplicatorError(
        'TRANSACTION_TOO_LARGE',
        `a transaction writes at most ${TRANSACTION_WRITES_MAX} times`,
        { table: table.name },
      )
    }
    const name = nameOf(table, id)
    if (!this.#views.has(name)) {
      const row = this.#ledger.read(table, id)
      this.#views.set(name, row)
      this.#bases.set(name, { table, id, row })
    }
    const old = this.#views.get(name)
    // the stamp is only for this view: the commit gives the real one
    const stamp = { time: 2n ** 63n - 1n, node: NODE_OF_NO_ONE }
    this.#views.set(name, writeRow(old, intent, stamp, table.merge) ?? old)
    this.writes.push({ table, id, intent })
  }

  /** Nothing that was read has changed. */
  isCurrent(): boolean {
    for (const { table, id, row } of this.#reads.values()) {
      const now = this.#ledger.read(table, id)
      if (versionOf(now) !== versionOf(row)) return false
    }
    return true
  }

  end(): void {
    this.#ended = true
  }

  #assertRunning(): void {
    if (this.#ended) throw new TypeError('the transaction has ended: await what it does inside it')
  }
}

/** Names the state of a row: equal names, equal records. */
function versionOf(row: Row | undefined): string {
  if (row === undefined || row.evicted) return ''
  const stamps = [row.stamp, ...(row.fields?.values() ?? [])]
  return stamps.map(({ time, node }) => `${time}@${node}`).join(' ') + latestStamp(row).time
}

function nameOf(table: TableState, id: Uint8Array): string {
  return `${table.name} ${Buffer.from(id).toString('latin1')}`
}
