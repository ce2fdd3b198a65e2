import { type Change, isStoreError, type Store } from '@ashlar/lsm-store'
import { familyPrefix } from '../ledger/keyspace.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { TableState } from '../ledger/table-state.ts'
import { MESSAGE_ITEMS_MAX, type WireChange, type WireEntry } from '../protocol/messages.ts'
import { type Audience, changeFor, type LoggedRow, loggedRows } from './logged-row.ts'

/** Operations of the log looked at for one page, so that a narrow selection cannot hold a request long. */
const SCAN_MAX = 50_000

/** A page of the log for one audience. */
export interface LogPage {
  readonly truncated: boolean
  readonly changes: readonly WireChange[]
  readonly through: number
  readonly more: boolean
}

/** Rough size of entries in a message. */
export function entryBytes(entries: readonly WireEntry[]): number {
  let bytes = 16
  for (const [id, row] of entries) bytes += id.length + (row?.length ?? 0) + 12
  return bytes
}

/** The published tables of a commit, when there are several. */
export function tablesOf(rows: readonly LoggedRow[]): readonly string[] {
  const first = rows[0]?.table
  if (rows.every((row) => row.table === first)) return []
  return [...new Set(rows.map((row) => row.table.name))]
}

/** What an audience is told of a commit. */
export function changeOf(
  sequence: number,
  rows: readonly LoggedRow[],
  tables: readonly string[],
  audience: Audience,
): WireChange {
  const entries: WireEntry[] = []
  for (const row of rows) {
    if (row.table !== audience.table) continue
    const entry = changeFor(row, audience)
    if (entry !== undefined) entries.push(entry)
  }
  return { sequence, entries, tables }
}

/** Reads the log after a sequence, up to its end or the size of a page. */
export async function readLogPage(
  ledger: Ledger,
  tables: ReadonlyMap<string, TableState>,
  audience: Audience,
  page: { readonly since: number; readonly maxBytes: number },
): Promise<LogPage> {
  const end = ledger.loggedSequence
  const changes: WireChange[] = []
  let through = page.since
  let bytes = 0
  let scanned = 0
  const cut = (): LogPage => ({ truncated: false, changes, through, more: true })
  try {
    for await (const change of readRows(ledger.store, page.since)) {
      scanned += change.operations.length
      const rows = loggedRows(change, tables)
      const answer = changeOf(change.sequence, rows, tablesOf(rows), audience)
      if (answer.entries.length > 0) {
        bytes += entryBytes(answer.entries)
        if (changes.length > 0 && bytes > page.maxBytes) return cut()
        if (changes.length >= MESSAGE_ITEMS_MAX) return cut()
        changes.push(answer)
      }
      through = change.sequence
      if (scanned > SCAN_MAX) return cut()
    }
  } catch (error) {
    if (!isStoreError(error, 'CHANGES_TRUNCATED')) throw error
    if (changes.length > 0) return cut()
    return { truncated: true, changes: [], through, more: true }
  }
  return { truncated: false, changes, through: Math.max(through, end), more: false }
}

function readRows(store: Store, since: number): AsyncIterable<Change> {
  return store.changes({ since, prefix: familyPrefix('rows') })
}
