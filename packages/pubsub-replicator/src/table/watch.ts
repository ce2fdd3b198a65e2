import type { HlcTimestamp } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import type { TableState } from '../ledger/table-state.ts'
import { decodeRecord, type RecordData } from '../record/record.ts'
import { decodeId, type RecordId } from '../record/record-id.ts'
import { latestStamp } from '../row/row.ts'
import { decodeRow } from '../row/row-bytes.ts'

/** From where, and until when. */
export interface WatchOptions {
  /** Begin after this sequence of the store, as a change before said it. Default now. */
  readonly since?: number
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal
}

/** A record became something else. */
export interface TableChange<T extends object = RecordData> {
  readonly id: RecordId
  /** What it is now; undefined when it is not there any more. */
  readonly record: T | undefined
  /** Its newest write; undefined when it only left this node's selection or was cleared away. */
  readonly stamp: HlcTimestamp | undefined
  /** Publisher through which it came; undefined for a write of this node. */
  readonly via: string | undefined
  /** Sequence of this node's store: the `since` to go on after all changes of this commit. */
  readonly sequence: number
}

/** Follows the store's log for one table. */
export async function* watchTable<T extends object>(
  store: Store,
  table: TableState,
  { since = store.lastSequence, signal }: WatchOptions,
): AsyncIterableIterator<TableChange<T>> {
  const options = { since, prefix: table.keys.prefix, live: true }
  try {
    for await (const change of store.changes(signal ? { ...options, signal } : options)) {
      const { sequence } = change
      for (const operation of change.operations) {
        // nobody here writes these
        if (operation.type === 'deleteRange' || operation.type === 'ingest') continue
        const id = decodeId(table.keys.id(operation.key))
        if (operation.type === 'delete') {
          yield { id, record: undefined, stamp: undefined, via: undefined, sequence }
          continue
        }
        const row = decodeRow(operation.value)
        if (row.evicted) continue // the physical delete follows
        // what the type says of records is the word of those who write them
        const record = row.value === undefined ? undefined : (decodeRecord(row.value) as T)
        const via = row.via === '' ? undefined : row.via
        yield { id, record, stamp: latestStamp(row), via, sequence }
      }
    }
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}
