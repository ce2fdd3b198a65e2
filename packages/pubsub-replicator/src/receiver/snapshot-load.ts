import type { RangeOptions } from '@ashlar/lsm-store'
import type { Ledger, RemoteRow } from '../ledger/ledger.ts'
import type { Position } from '../ledger/life.ts'
import type { TableState } from '../ledger/table-state.ts'
import type { PageReply, PageRequest } from '../protocol/messages.ts'
import type { Reporter } from '../reporter.ts'
import { joinRows } from '../row/join.ts'
import { isWrittenBy, type Row } from '../row/row.ts'
import { decodeRow } from '../row/row-bytes.ts'
import type { Selection } from '../selection/selection.ts'
import { type Cursor, cursorOperation } from './cursor.ts'
import { remoteRow } from './incoming.ts'
import { keepOperation } from './kept-rows.ts'

/** Rows of this node compared with a page at a time. */
const COMPARE_ROWS = 512

/**
 * What to do with rows that this node has from the publisher and that the snapshot lacks.
 * `first`: there are none. `compare`: it has deleted them or selects them no more, so they go.
 * `recover`: it has lost them, so this node takes them over and passes them on, to it too.
 */
export type SnapshotMode = 'first' | 'compare' | 'recover'

/** What taking over a snapshot works with. */
export interface SnapshotLoadOptions {
  readonly ledger: Ledger
  readonly reporter: Reporter
  readonly table: TableState
  readonly publisher: string
  readonly selection: Selection
  readonly mode: SnapshotMode
  /** The loading to go on with. */
  readonly resumed: Cursor | undefined
  readonly pageBytes: number
  readonly nowMs: () => number
  readonly request: (page: PageRequest) => Promise<PageReply>
}

/** A snapshot that has been taken over. */
export interface LoadedSnapshot {
  /** From here the log tells the rest. */
  readonly position: Position
  readonly rows: number
  readonly bytes: number
  readonly evicted: number
}

/**
 * Takes over the selected rows of a publisher page by page. Rows are joined, never replaced
 * blindly: what this node wrote and what is newer stays. After a crash it goes on behind the last
 * page.
 */
export async function loadSnapshot(options: SnapshotLoadOptions): Promise<LoadedSnapshot> {
  const { ledger, selection, mode, resumed, pageBytes, request } = options
  let after = resumed?.after
  let first = resumed?.position
  let token = ''
  const sum = { rows: 0, bytes: 0, evicted: 0 }
  for (;;) {
    const compare = mode !== 'first'
    const { node } = ledger
    const { digest } = selection
    const page = await request({ node, digest, token, after, compare, maxBytes: pageBytes })
    token = page.token
    first ??= page.at
    if (first.store !== page.at.store) throw new TypeError('the publisher has changed its store')
    sum.evicted += await applyPage(options, page, first, after)
    for (const [id, row] of page.entries) {
      if (row === null) continue
      sum.rows += 1
      sum.bytes += id.length + row.length
    }
    if (page.upTo === undefined) return { position: first, ...sum }
    after = page.upTo
  }
}

/** Applies one page and notes it; answers how many rows went. */
async function applyPage(
  options: SnapshotLoadOptions,
  page: PageReply,
  first: Position,
  after: Uint8Array | undefined,
): Promise<number> {
  const { ledger, reporter, table, publisher, selection, mode } = options
  const rows: RemoteRow[] = []
  const seen = new Map<string, Row | undefined>()
  for (const entry of page.entries) {
    const remote = remoteRow(table, selection, entry)
    seen.set(nameOf(entry[0]), remote?.row)
    if (remote !== undefined) rows.push(remote)
  }
  const cursor = cursorOperation(table.name, publisher, {
    position: first,
    digest: selection.digest,
    loading: page.upTo !== undefined,
    after: page.upTo,
    recovering: mode === 'recover' && page.upTo !== undefined,
    savedMs: options.nowMs(),
  })
  const applied = ledger.apply(publisher, rows, mode === 'first' ? [cursor] : [])
  reporter.conflictsOf(applied.conflicts)
  await applied.done
  if (mode === 'first') return 0
  const range = { ledger, table, publisher, after, upTo: page.upTo, seen }
  const evicted =
    mode === 'compare'
      ? await evictUnseen(range)
      : await adoptLost(range, selection.where !== undefined)
  await ledger.store.write([cursor])
  return evicted
}

/** Which rows of this node to compare with a page. */
export interface CompareRange {
  readonly ledger: Ledger
  readonly table: TableState
  readonly publisher: string
  readonly after: Uint8Array | undefined
  readonly upTo: Uint8Array | undefined
  /** The ids that the publisher has, with its version where it was told. */
  readonly seen: ReadonlyMap<string, Row | undefined>
}

/** Drops the rows in the range that came from the publisher and were not seen; answers how many. */
export async function evictUnseen(range: CompareRange): Promise<number> {
  const { ledger, table, publisher, seen } = range
  let evicted = 0
  const unseen = (row: Row, id: Uint8Array): boolean =>
    row.via === publisher && !seen.has(nameOf(id))
  for await (const ids of idsWhere(range, unseen)) {
    const applied = ledger.evict(publisher, table, ids)
    evicted += applied.changed
    await applied.done
  }
  return evicted
}

/** Takes over what is the publisher's, or came from it, and is more than it has. */
async function adoptLost(range: CompareRange, isSelective: boolean): Promise<number> {
  const { ledger, table, publisher, seen } = range
  const lost = (row: Row, id: Uint8Array): boolean => {
    if (row.via !== publisher && !isWrittenBy(row, publisher)) return false
    const theirs = seen.get(nameOf(id))
    return theirs === undefined || joinRows(theirs, row).changed
  }
  const isKept = (id: Uint8Array): boolean => {
    const row = ledger.read(table, id)
    return row?.value !== undefined && !isWrittenBy(row, ledger.node)
  }
  for await (const ids of idsWhere(range, lost)) {
    // without a condition the publisher tells of every version that it gets
    const kept = isSelective ? ids.filter(isKept) : []
    const notes = kept.map((id) => keepOperation(table.name, publisher, id))
    await ledger.adopt(table, ids, notes).done
  }
  return 0
}

async function* idsWhere(
  range: CompareRange,
  isWanted: (row: Row, id: Uint8Array) => boolean,
): AsyncGenerator<Uint8Array[], undefined> {
  const { ledger, table, after, upTo } = range
  const { keys } = table
  const bounds: RangeOptions = {
    ...(after === undefined ? { gte: keys.prefix } : { gt: keys.key(after) }),
    ...(upTo === undefined ? { lt: keys.end } : { lte: keys.key(upTo) }),
  }
  using iterator = ledger.store.iterator(bounds)
  for (;;) {
    const entries = await iterator.nextMany(COMPARE_ROWS)
    const ids: Uint8Array[] = []
    for (const [key, value] of entries) {
      const id = keys.id(key)
      if (isWanted(decodeRow(value), id)) ids.push(id)
    }
    if (ids.length > 0) yield ids
    if (entries.length < COMPARE_ROWS) return undefined
  }
}

function nameOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')
}
