import type { HlcTimestamp } from '@ashlar/codec'
import type { RangeOptions } from '@ashlar/lsm-store'
import type { Ledger } from '../ledger/ledger.ts'
import type { TableState } from '../ledger/table-state.ts'
import { checkRecord, decodeRecord, type RecordData } from '../record/record.ts'
import {
  decodeId,
  encodeId,
  encodeIdRange,
  type IdRange,
  type RecordId,
} from '../record/record-id.ts'
import type { WriteIntent } from '../row/local-write.ts'
import { latestStamp } from '../row/row.ts'
import { decodeRow } from '../row/row-bytes.ts'
import { compileWhere, type Where } from '../selection/predicate.ts'
import { type TableChange, type WatchOptions, watchTable } from './watch.ts'

/** Which records, in which order. */
export interface ScanOptions extends IdRange {
  /** Only records for which this holds. */
  readonly where?: Where
  readonly reverse?: boolean
  /** At most so many. Default all. */
  readonly limit?: number
}

/** Where a record comes from. */
export interface RecordOrigin {
  /** Newest write in it: by which clock time and by which node. */
  readonly stamp: HlcTimestamp
  /** Publisher through which it came here; undefined when it was written here. */
  readonly via: string | undefined
}

/** What a table needs of its replicator. */
export interface TableContext {
  readonly ledger: Ledger
  /** Throws `REPLICATOR_CLOSED`. */
  readonly assertOpen: () => void
}

const SCAN_ROWS = 128

/**
 * Records by id, kept on this node and, where it was asked for, moved between nodes.
 *
 * Writes are visible here when the call returns and as durable as the store's sync mode says when
 * the promise resolves; a single write is atomic. They are stamped by the hybrid logical clock, and
 * the newest stamp wins wherever two meet. All methods throw TypeError for what cannot be an id or
 * a record, and reject with `REPLICATOR_CLOSED`, `TRANSACTION_TOO_LARGE` and the store's errors.
 */
export class Table<T extends object = RecordData> {
  readonly name: string
  readonly #state: TableState
  readonly #context: TableContext

  /** @internal */
  constructor(state: TableState, context: TableContext) {
    this.name = state.name
    this.#state = state
    this.#context = context
  }

  /** The record, or undefined. */
  async get(id: RecordId): Promise<T | undefined> {
    this.#context.assertOpen()
    const bytes = await this.#context.ledger.store.get(this.#state.keys.key(encodeId(id)))
    return bytes === undefined ? undefined : recordIn<T>(bytes)
  }

  /** The record, or undefined, without a promise. */
  getSync(id: RecordId): T | undefined {
    this.#context.assertOpen()
    const bytes = this.#context.ledger.store.getSync(this.#state.keys.key(encodeId(id)))
    return bytes === undefined ? undefined : recordIn<T>(bytes)
  }

  /** Who wrote the record last, and how it came here; undefined when there is none. */
  async originOf(id: RecordId): Promise<RecordOrigin | undefined> {
    this.#context.assertOpen()
    const row = this.#context.ledger.read(this.#state, encodeId(id))
    if (row?.value === undefined) return undefined
    return { stamp: latestStamp(row), via: row.via === '' ? undefined : row.via }
  }

  /** Writes the record as a whole: fields that it does not have are gone. */
  async put(id: RecordId, record: T): Promise<void> {
    await this.#write(id, putOf(record))
  }

  /**
   * Writes some fields; one that is undefined is removed. Makes the record when there is none.
   * How that meets writes of other nodes is the table's `merge`.
   */
  async patch(id: RecordId, fields: Partial<T>): Promise<void> {
    await this.#write(id, patchOf(fields))
  }

  /** Deletes the record; false when there was none. */
  async delete(id: RecordId): Promise<boolean> {
    return (await this.#write(id, { type: 'delete' })) > 0
  }

  /**
   * Records in the order of their ids, from the state of this moment.
   *
   * @example
   * ```ts
   * for await (const [id, alert] of alerts.scan({ prefix: 'sea-', limit: 10 })) show(id, alert)
   * ```
   */
  async *scan(options: ScanOptions = {}): AsyncIterableIterator<[RecordId, T]> {
    this.#context.assertOpen()
    const { where, reverse = false, limit = Number.MAX_SAFE_INTEGER, ...range } = options
    const matches = where === undefined ? undefined : compileWhere(where)
    let left = limit
    using iterator = this.#context.ledger.store.iterator({ ...this.#bounds(range), reverse })
    while (left > 0) {
      const entries = await iterator.nextMany(Math.min(SCAN_ROWS, Math.max(left, 1)))
      if (entries.length === 0) return
      for (const [key, value] of entries) {
        const record = recordIn<T>(value)
        if (record === undefined || matches?.(record as RecordData) === false) continue
        yield [decodeId(this.#state.keys.id(key)), record]
        left -= 1
        if (left === 0) return
      }
    }
  }

  /** Counts records without keeping them. */
  async count(options: ScanOptions = {}): Promise<number> {
    let count = 0
    for await (const _ of this.scan(options)) count += 1
    return count
  }

  /**
   * Changes of this table from now on, or after a sequence, whoever made them: those written here
   * and those that came from publishers, in the order in which they became visible here. A record
   * written several times in quick succession is told of each time, with the state of that time.
   *
   * Throws the store's `CHANGES_TRUNCATED` when the log does not reach back to `since`.
   *
   * @example
   * ```ts
   * for await (const { id, record } of alerts.watch({ signal })) if (record) await escalate(id, record)
   * ```
   */
  watch(options: WatchOptions = {}): AsyncIterableIterator<TableChange<T>> {
    this.#context.assertOpen()
    return watchTable<T>(this.#context.ledger.store, this.#state, options)
  }

  #bounds(range: IdRange): RangeOptions {
    const { gte, lt } = encodeIdRange(range)
    const { keys } = this.#state
    return {
      gte: gte === undefined ? keys.prefix : keys.key(gte),
      lt: lt === undefined ? keys.end : keys.key(lt),
    }
  }

  async #write(id: RecordId, intent: WriteIntent): Promise<number> {
    this.#context.assertOpen()
    const write = { table: this.#state, id: encodeId(id), intent }
    return await this.#context.ledger.commit([write])
  }
}

/** A checked put. */
export function putOf(record: unknown): WriteIntent {
  return { type: 'put', record: checkRecord(record, 'record') }
}

/** A checked patch. */
export function patchOf(fields: object): WriteIntent {
  const kept = checkRecord(fields, 'fields')
  const removed = Object.keys(fields).filter((name) => !Object.hasOwn(kept, name))
  return { type: 'patch', fields: kept, removed }
}

function recordIn<T extends object>(bytes: Uint8Array): T | undefined {
  const { value, evicted } = decodeRow(bytes)
  // what the type says of records is the word of those who write them
  return value === undefined || evicted ? undefined : (decodeRecord(value) as T)
}
