import type { Clock } from '@ashlar/codec'
import type { RangeOptions, Snapshot, Store } from '@ashlar/lsm-store'
import { MESSAGE_ITEMS_MAX, type WireEntry } from '../protocol/messages.ts'
import { decodeRow } from '../row/row-bytes.ts'
import { entryBytes } from './log-pages.ts'
import { type Audience, LoggedRow, snapshotFor } from './logged-row.ts'

const CHUNK_ROWS = 256
/** Rows looked at for one page, so that a narrow selection cannot hold a request long. */
const SCAN_MAX = 20_000

/** What a subscriber asks for. */
export interface SnapshotPageRequest {
  readonly token: string
  readonly after: Uint8Array | undefined
  readonly compare: boolean
  readonly maxBytes: number
}

/** A page, and where the snapshot stands in the log. */
export interface SnapshotPage {
  readonly token: string
  readonly sequence: number
  readonly entries: readonly WireEntry[]
  readonly upTo: Uint8Array | undefined
}

interface OpenSnapshot {
  readonly token: string
  readonly owner: string
  readonly view: Snapshot
  usedMs: number
}

/** How many snapshots are kept, and how long without being read. */
export interface SnapshotLimits {
  readonly maxOpen: number
  readonly idleMs: number
}

/**
 * Snapshots that subscribers read page by page. A subscriber reads on in its own while it is kept;
 * a slow one loses it, goes on in a fresh one and makes up the difference from the log.
 */
export class SnapshotPages {
  readonly #store: Store
  readonly #clock: Clock
  readonly #limits: SnapshotLimits
  readonly #open = new Map<string, OpenSnapshot>()
  #count = 0

  constructor(store: Store, clock: Clock, limits: SnapshotLimits) {
    this.#store = store
    this.#clock = clock
    this.#limits = limits
  }

  get size(): number {
    return this.#open.size
  }

  /** Reads one page for an audience; `owner` names the subscription. */
  async page(
    owner: string,
    audience: Audience,
    request: SnapshotPageRequest,
  ): Promise<SnapshotPage> {
    const snapshot = this.#take(owner, request.token)
    const { entries, upTo } = await this.#read(snapshot.view, audience, request)
    if (upTo === undefined) this.#drop(snapshot)
    return { token: snapshot.token, sequence: snapshot.view.sequence, entries, upTo }
  }

  /** Lets go of snapshots that nobody reads. */
  expire(): void {
    const oldest = this.#clock.monotonic() - this.#limits.idleMs
    for (const snapshot of this.#open.values()) {
      if (snapshot.usedMs < oldest) this.#drop(snapshot)
    }
  }

  close(): void {
    for (const snapshot of this.#open.values()) this.#drop(snapshot)
  }

  #take(owner: string, token: string): OpenSnapshot {
    const usedMs = this.#clock.monotonic()
    const known = this.#open.get(token)
    if (known?.owner === owner) {
      known.usedMs = usedMs
      return known
    }
    if (this.#open.size >= this.#limits.maxOpen) {
      const idle = [...this.#open.values()].toSorted((a, b) => a.usedMs - b.usedMs)[0]
      if (idle !== undefined) this.#drop(idle)
    }
    this.#count += 1
    const view = this.#store.snapshot()
    const snapshot = { token: `${this.#count}.${view.sequence}`, owner, view, usedMs }
    this.#open.set(snapshot.token, snapshot)
    return snapshot
  }

  #drop(snapshot: OpenSnapshot): void {
    this.#open.delete(snapshot.token)
    snapshot.view.close()
  }

  async #read(
    view: Snapshot,
    audience: Audience,
    { after, compare, maxBytes }: SnapshotPageRequest,
  ): Promise<Pick<SnapshotPage, 'entries' | 'upTo'>> {
    const { table } = audience
    const entries: WireEntry[] = []
    let bytes = 0
    let scanned = 0
    let last: Uint8Array | undefined
    using iterator = this.#store.iterator({ ...rangeOf(audience, after), snapshot: view })
    for (;;) {
      const rows = await iterator.nextMany(CHUNK_ROWS)
      for (const [key, value] of rows) {
        const id = table.keys.id(key)
        const entry = snapshotFor(new LoggedRow(table, id, decodeRow(value)), audience, compare)
        if (entry !== undefined) {
          bytes += entryBytes([entry])
          const full = bytes > maxBytes || entries.length >= MESSAGE_ITEMS_MAX
          if (entries.length > 0 && full) return { entries, upTo: last }
          entries.push(entry)
        }
        last = id
      }
      scanned += rows.length
      if (rows.length < CHUNK_ROWS) return { entries, upTo: undefined }
      if (scanned >= SCAN_MAX) return { entries, upTo: last }
    }
  }
}

function rangeOf({ table, selection }: Audience, after: Uint8Array | undefined): RangeOptions {
  const { keys } = table
  const { gte, lt } = selection.range
  const end = lt === undefined ? keys.end : keys.key(lt)
  const start = gte === undefined ? keys.prefix : keys.key(gte)
  if (after !== undefined) {
    const next = keys.key(after)
    if (Buffer.compare(next, start) >= 0) return { gt: next, lt: end }
  }
  return { gte: start, lt: end }
}
