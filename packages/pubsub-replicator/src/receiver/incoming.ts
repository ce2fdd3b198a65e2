import { ReplicatorError } from '../errors.ts'
import type { RemoteRow } from '../ledger/ledger.ts'
import type { TableState } from '../ledger/table-state.ts'
import type { WireChange, WireEntry } from '../protocol/messages.ts'
import { decodeRecord } from '../record/record.ts'
import { decodeId, encodeId } from '../record/record-id.ts'
import type { Row } from '../row/row.ts'
import { decodeRow } from '../row/row-bytes.ts'
import type { Selection } from '../selection/selection.ts'
import type { QueuedChange } from './change-queue.ts'

/** Checks a commit of a publisher; throws `MESSAGE_MALFORMED` for anything that could not be stored. */
export function queuedChange(
  table: TableState,
  selection: Selection,
  change: WireChange,
): QueuedChange {
  const rows: RemoteRow[] = []
  let bytes = 0
  for (const entry of change.entries) {
    const remote = remoteRow(table, selection, entry)
    if (remote === undefined) throw malformed('a change without its row')
    bytes += entry[0].length + (entry[1]?.length ?? 0)
    rows.push(remote)
  }
  return { sequence: change.sequence, rows, tables: change.tables, bytes }
}

/** Checks one entry; undefined when it only says that the id is there. */
export function remoteRow(
  table: TableState,
  selection: Selection,
  [id, bytes]: WireEntry,
): RemoteRow | undefined {
  try {
    if (Buffer.compare(encodeId(decodeId(id)), id) !== 0)
      throw new TypeError('the id is not canonical')
    if (!selection.hasId(id)) throw new TypeError('the id is not in the selected range')
    if (bytes === null) return undefined
    const row = decodeRow(bytes)
    checkRow(row)
    return { table, id, row }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ReplicatorError('MESSAGE_MALFORMED', `a row is malformed: ${why}`, {
      cause,
      table: table.name,
    })
  }
}

function checkRow(row: Row): void {
  if (row.value !== undefined) decodeRecord(row.value)
  else if (!row.deleted) throw new TypeError('a version without a record is no delete')
  if (row.evicted && row.value !== undefined) throw new TypeError('a notice carries a record')
  if (row.via !== '' || row.left.length > 0) throw new TypeError('it carries notes of another node')
  if (row.stamp.node === '' && row.stamp.time !== 0n) throw new TypeError('its stamp has no node')
}

function malformed(why: string): ReplicatorError {
  return new ReplicatorError('MESSAGE_MALFORMED', `a message is malformed: ${why}`)
}
