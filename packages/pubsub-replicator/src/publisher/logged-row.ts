import type { Change } from '@ashlar/lsm-store'
import { parseRowKey } from '../ledger/keyspace.ts'
import type { TableState } from '../ledger/table-state.ts'
import type { WireEntry } from '../protocol/messages.ts'
import { decodeRecord, encodeRecord, type RecordData } from '../record/record.ts'
import { evictionOf, isWrittenBy, isWrittenOnlyBy, latestStamp, type Row } from '../row/row.ts'
import { decodeRow, encodeWireRow } from '../row/row-bytes.ts'
import type { Selection } from '../selection/selection.ts'

/** For whom rows are picked. */
export interface Audience {
  /** The publisher itself. */
  readonly node: string
  readonly table: TableState
  readonly selection: Selection
  /** Only node that reads it, when the table is forwarded: it does not get its own back. */
  readonly except: string | undefined
}

/** One row as the store holds it or its log tells of it, decoded once for all audiences. */
export class LoggedRow {
  readonly table: TableState
  readonly id: Uint8Array
  readonly row: Row
  #record: RecordData | undefined
  #wire: WireEntry | undefined

  constructor(table: TableState, id: Uint8Array, row: Row) {
    this.table = table
    this.id = id
    this.row = row
  }

  get record(): RecordData {
    this.#record ??= this.row.value === undefined ? {} : decodeRecord(this.row.value)
    return this.#record
  }

  /** The row in whole. */
  get wire(): WireEntry {
    this.#wire ??= [this.id, encodeWireRow(this.row)]
    return this.#wire
  }
}

/** The rows of published tables in a change of the store; physical deletes say nothing. */
export function loggedRows(change: Change, tables: ReadonlyMap<string, TableState>): LoggedRow[] {
  const rows: LoggedRow[] = []
  for (const operation of change.operations) {
    if (operation.type !== 'put') continue
    const place = parseRowKey(operation.key)
    if (place === undefined) continue
    const table = tables.get(place.table)
    if (table?.publish) rows.push(new LoggedRow(table, place.id, decodeRow(operation.value)))
  }
  return rows
}

/** What an audience is told about a change of a row; undefined for nothing. */
export function changeFor(logged: LoggedRow, audience: Audience): WireEntry | undefined {
  const { row, id } = logged
  const { selection } = audience
  if (!selection.hasId(id) || !isFor(row, audience)) return undefined
  const hadLeft = row.left.includes(selection.digest)
  if (row.value === undefined) {
    // a delete or a notice: to those who may hold the row
    return selection.where === undefined || hadLeft ? logged.wire : undefined
  }
  if (selection.matches(logged.record)) {
    return isHiddenPatch(row, selection) ? undefined : project(logged, selection)
  }
  if (!hadLeft) return undefined
  return [id, encodeWireRow(evictionOf(latestStamp(row)))]
}

/** What an audience is told about a row in a snapshot; `compare` asks for those that it may keep. */
export function snapshotFor(
  logged: LoggedRow,
  audience: Audience,
  compare: boolean,
): WireEntry | undefined {
  const { row, id } = logged
  const { selection } = audience
  if (row.evicted || !selection.hasId(id)) return undefined
  if (row.value === undefined) {
    const told = selection.where === undefined || row.left.includes(selection.digest)
    return told && isShared(row, audience) ? logged.wire : undefined
  }
  if (!selection.matches(logged.record)) {
    // to those who may hold it: what a snapshot does not name may also be lost here, and be kept there
    const told = compare && row.left.includes(selection.digest)
    return told ? [id, encodeWireRow(evictionOf(latestStamp(row)))] : undefined
  }
  if (isShared(row, audience)) return project(logged, selection)
  return compare ? [id, null] : undefined
}

/** What takes the place of an older version at its reader; `null` in it when the log tells. */
export function verdictFor(logged: LoggedRow, audience: Audience): WireEntry {
  const { row, id } = logged
  const { selection } = audience
  if (!isFor(row, audience)) return [id, null]
  if (row.value === undefined) return logged.wire
  if (selection.matches(logged.record)) return [id, null]
  return [id, encodeWireRow(evictionOf(latestStamp(row)))]
}

/** Without forwarding only what was written here; with it, all that did not come from the reader. */
function isFor(row: Row, { table, except }: Audience): boolean {
  if (!table.forward) return row.via === ''
  if (except === undefined) return true
  return row.via !== except && !(row.via !== '' && isWrittenOnlyBy(row, except))
}

/**
 * As {@link isFor}, for a row whose history is not told: a version that came from the reader, or
 * that this node does not forward, may have parts joined into it that the reader lacks.
 */
function isShared(row: Row, audience: Audience): boolean {
  if (isFor(row, audience)) return true
  const { table, node, except } = audience
  if (!table.forward || except === undefined) return isWrittenBy(row, node)
  return row.fields !== undefined && !isWrittenOnlyBy(row, except)
}

/** A local write of fields only, none of which is selected, to a row that was sent as a whole. */
function isHiddenPatch(row: Row, { columns, where }: Selection): boolean {
  if (columns === undefined || row.fields === undefined || row.via !== '') return false
  if (where !== undefined || row.deleted) return false // the row may just have come into being there
  const { time, node } = latestStamp(row)
  if (row.stamp.time === time && row.stamp.node === node) return false
  for (const [name, stamp] of row.fields) {
    if (columns.has(name) && stamp.time === time && stamp.node === node) return false
  }
  return true
}

function project(logged: LoggedRow, selection: Selection): WireEntry {
  const { columns } = selection
  if (columns === undefined) return logged.wire
  const { row, id, record } = logged
  const fields = row.fields && new Map([...row.fields].filter(([name]) => columns.has(name)))
  const known = row.columns?.filter((name) => columns.has(name)) ?? [...columns]
  const projected: Row = {
    ...row,
    columns: known,
    fields: fields?.size ? fields : undefined,
    value: encodeRecord(selection.project(record)),
  }
  return [id, encodeWireRow(projected)]
}
