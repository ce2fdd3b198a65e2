import type { RangeOptions } from '@ashlar/lsm-store'
import type { Ledger, RemoteRow } from '../ledger/ledger.ts'
import type { Position } from '../ledger/life.ts'
import type { TableState } from '../ledger/table-state.ts'
import type { PageReply, PageRequest } from '../protocol/messages.ts'
import type { Reporter } from '../reporter.ts'
import { decodeRow } from '../row/row-bytes.ts'
import type { Selection } from '../selection/selection.ts'
import { type Cursor, cursorOperation } from './cursor.ts'
import { remoteRow } from './incoming.ts'

/** Rows of this node compared with a page at a time. */
const COMPARE_ROWS = 512

/** What taking over a snapshot works with. */
export interface SnapshotLoadOptions {
  readonly ledger: Ledger
  readonly reporter: Reporter
  readonly table: TableState
  readonly publisher: string
  readonly selection: Selection
  /** What this node knew of the publisher before. */
  readonly before: Cursor | undefined
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
 * blindly: what this node wrote and what is newer stays. What had come from the same store of the
 * publisher and is not there any more goes. After a crash it goes on behind the last page.
 */
export async function loadSnapshot(options: SnapshotLoadOptions): Promise<LoadedSnapshot> {
  const { ledger, selection, before, resumed, pageBytes, request } = options
  let after = resumed?.after
  let first = resumed?.position
  let token = ''
  const sum = { rows: 0, bytes: 0, evicted: 0 }
  for (;;) {
    const page = await request({
      node: ledger.node,
      digest: selection.digest,
      token,
      after,
      compare: before !== undefined,
      maxBytes: pageBytes,
    })
    if (first === undefined) {
      first = page.at
      await adoptRows(options, first)
    }
    if (first.store !== page.at.store) throw new TypeError('the publisher has changed its store')
    token = page.token
    const evicted = await applyPage(options, page, first, after)
    const rows = page.entries.filter(([, row]) => row !== null)
    sum.rows += rows.length
    for (const [id, row] of rows) sum.bytes += id.length + (row?.length ?? 0)
    sum.evicted += evicted
    if (page.upTo === undefined) return { position: first, ...sum }
    after = page.upTo
  }
}

/** A store that is new has not deleted what an older one of the publisher had. */
async function adoptRows(options: SnapshotLoadOptions, first: Position): Promise<void> {
  const { ledger, table, publisher, before } = options
  if (before === undefined || before.position.store === first.store) return
  const range = { after: undefined, upTo: undefined, seen: new Set<string>() }
  for await (const ids of unseenIds({ ledger, table, publisher, ...range })) {
    await ledger.adopt(publisher, table, ids).done
  }
}

/** Applies one page and notes it; answers how many rows went. */
async function applyPage(
  options: SnapshotLoadOptions,
  page: PageReply,
  first: Position,
  after: Uint8Array | undefined,
): Promise<number> {
  const { ledger, reporter, table, publisher, selection, before } = options
  const rows: RemoteRow[] = []
  const seen = new Set<string>()
  for (const entry of page.entries) {
    seen.add(nameOf(entry[0]))
    const row = remoteRow(table, selection, entry)
    if (row !== undefined) rows.push(row)
  }
  const sameStore = before?.position.store === first.store
  const cursor = cursorOperation(table.name, publisher, {
    position: first,
    digest: selection.digest,
    loading: page.upTo !== undefined,
    after: page.upTo,
    savedMs: options.nowMs(),
  })
  const applied = ledger.applySnapshot(publisher, rows, {
    sameStore,
    cursors: sameStore ? [] : [cursor],
  })
  reporter.conflictsOf(applied.conflicts)
  await applied.done
  if (!sameStore) return 0
  const evicted = await evictUnseen({ ledger, table, publisher, after, upTo: page.upTo, seen })
  await ledger.store.write([cursor])
  return evicted
}

/** Which rows of this node to compare with a page. */
export interface EvictionRange {
  readonly ledger: Ledger
  readonly table: TableState
  readonly publisher: string
  readonly after: Uint8Array | undefined
  readonly upTo: Uint8Array | undefined
  readonly seen: ReadonlySet<string>
}

/** Drops the rows that came from the publisher, lie in the range and were not seen. */
export async function evictUnseen(range: EvictionRange): Promise<number> {
  const { ledger, table, publisher } = range
  let evicted = 0
  for await (const ids of unseenIds(range)) {
    const applied = ledger.evict(publisher, table, ids)
    evicted += applied.changed
    await applied.done
  }
  return evicted
}

async function* unseenIds(range: EvictionRange): AsyncGenerator<Uint8Array[], undefined> {
  const { ledger, table, publisher, after, upTo, seen } = range
  const { keys } = table
  const bounds: RangeOptions = {
    ...(after === undefined ? { gte: keys.prefix } : { gt: keys.key(after) }),
    ...(upTo === undefined ? { lt: keys.end } : { lte: keys.key(upTo) }),
  }
  using iterator = ledger.store.iterator(bounds)
  for (;;) {
    const entries = await iterator.nextMany(COMPARE_ROWS)
    const ids = entries
      .filter(([, value]) => decodeRow(value).via === publisher)
      .map(([key]) => keys.id(key))
      .filter((id) => !seen.has(nameOf(id)))
    if (ids.length > 0) yield ids
    if (entries.length < COMPARE_ROWS) return undefined
  }
}

function nameOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')
}
