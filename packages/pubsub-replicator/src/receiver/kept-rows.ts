import { type Clock, prefixEnd } from '@ashlar/codec'
import type { Operation, Store } from '@ashlar/lsm-store'
import { keyOf, partsOf } from '../ledger/keyspace.ts'
import { isAdopted, type Ledger, type RemoteRow } from '../ledger/ledger.ts'
import type { TableState } from '../ledger/table-state.ts'
import type { WireEntry } from '../protocol/messages.ts'
import type { Reporter } from '../reporter.ts'
import { evictionOf, latestStamp } from '../row/row.ts'
import { encodeWireRow } from '../row/row-bytes.ts'
import type { Selection } from '../selection/selection.ts'
import type { Channel } from './channel.ts'
import { remoteRow } from './incoming.ts'

/** Rows asked about at a time. */
const PAGE_ROWS = 512
/** Room for what a question says of a row beside its id, and for a short answer. */
const NOTICE_BYTES = 128
const NOTHING = new Uint8Array()

/** Puts a row on the list. */
export function keepOperation(table: string, publisher: string, id: Uint8Array): Operation {
  return { type: 'put', key: keyOf('kept', [table, publisher, id]), value: NOTHING }
}

/** Forgets the list: the rows stay, and nobody asks about them. */
export async function forgetKept(store: Store, table: string, publisher: string): Promise<void> {
  const keys: Uint8Array[] = []
  const prefix = keyOf('kept', [table, publisher])
  for await (const [key] of store.scan({ prefix, keysOnly: true })) keys.push(key)
  for (let from = 0; from < keys.length; from += PAGE_ROWS) {
    const page = keys.slice(from, from + PAGE_ROWS)
    await store.write(page.map((key) => ({ type: 'delete', key })))
  }
}

interface KeptPage {
  readonly asked: readonly WireEntry[]
  /** On the list, and not to be asked about any more. */
  readonly settled: readonly Uint8Array[]
  readonly next: Uint8Array | undefined
}

/** What it works with. */
export interface KeptRowsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly heartbeatMs: number
  readonly pageBytes: number
  readonly reporter: Reporter
}

/**
 * The rows that a publisher has lost, with a condition, and this node keeps. The publisher does
 * not know of them: when it gets a newer version that the condition does not select, it has no
 * reason to tell. So they stand on a list, and this node asks about them, at the beginning of a
 * session and whenever the publisher's log has moved, until it has as new a version of each. From
 * then on the rule is again that what it selects is what is here.
 */
export class KeptRows {
  /** Rows on the list. */
  count = 0
  readonly #table: TableState
  readonly #channel: Channel
  readonly #options: KeptRowsOptions
  /** The publisher was asked about all of them when its log was here. */
  #checked = 0
  #wanted = 0
  #nextMs = 0
  /** A round goes on behind this key. */
  #after: Uint8Array | undefined
  #roundAt: number | undefined

  constructor(table: TableState, channel: Channel, options: KeptRowsOptions) {
    this.#table = table
    this.#channel = channel
    this.#options = options
  }

  /** A session begins: nothing is known of what the publisher has now. */
  async begin(): Promise<void> {
    this.#checked = 0
    this.#nextMs = 0
    this.#endRound()
    this.count = 0
    const entries = this.#options.ledger.store.scan({ prefix: this.#prefix, keysOnly: true })
    for await (const _ of entries) this.count += 1
  }

  /** True when the publisher was asked about every row at this place of its log, or is asked now. */
  reaches(sequence: number): boolean {
    if (this.count === 0 || this.#checked >= sequence) return true
    this.#wanted = Math.max(this.#wanted, sequence)
    return false
  }

  /** How long until there is something to ask a publisher whose log ends there. */
  dueMs(head: number): number {
    if (this.count === 0 || this.#checked >= Math.max(head, this.#wanted)) {
      return Number.POSITIVE_INFINITY
    }
    if (this.#wanted > this.#checked) return 0
    return Math.max(0, this.#nextMs - this.#options.clock.monotonic())
  }

  /** Asks about the next few rows, and does with each as the publisher says. */
  async step(selection: Selection, signal: AbortSignal): Promise<void> {
    const { ledger, clock, heartbeatMs } = this.#options
    const page = await this.#page(selection)
    const { asked } = page
    if (asked.length > 0) {
      const { node } = ledger
      const request = { node, digest: selection.digest, entries: asked }
      const { at, entries } = await this.#channel.check(request, signal)
      signal.throwIfAborted()
      this.#roundAt = Math.min(this.#roundAt ?? at.sequence, at.sequence)
      await this.#settle(selection, asked, entries)
    }
    await this.#drop(page.settled)
    this.#after = page.next
    // a long list is gone through a page at a time, so that it is no load on the publisher
    this.#nextMs = clock.monotonic() + heartbeatMs
    if (page.next !== undefined) return
    // a round that had nobody to ask about holds for everything so far
    this.#checked = Math.max(this.#checked, this.#roundAt ?? this.#wanted)
    this.#endRound()
  }

  #endRound(): void {
    this.#after = undefined
    this.#roundAt = undefined
  }

  async #page(selection: Selection): Promise<KeptPage> {
    const { ledger, pageBytes } = this.#options
    const lt = prefixEnd(new Uint8Array(this.#prefix))
    const start = this.#after === undefined ? { gte: this.#prefix } : { gt: this.#after }
    using iterator = ledger.store.iterator({ ...start, ...(lt && { lt }) })
    const found = await iterator.nextMany(PAGE_ROWS)
    const asked: WireEntry[] = []
    const settled: Uint8Array[] = []
    let bytes = 0
    let last: Uint8Array | undefined
    for (const [key] of found) {
      if (bytes > pageBytes) return { asked, settled, next: last }
      const id = partsOf(key)[2] as Uint8Array
      bytes += id.length + NOTICE_BYTES
      const row = ledger.read(this.#table, id)
      const stays = selection.where !== undefined && selection.hasId(id)
      // what was written here since, came again, or is told in any case needs no asking
      if (!stays || !isAdopted(row, ledger.node)) settled.push(id)
      else asked.push([id, encodeWireRow(evictionOf(latestStamp(row)))])
      last = key
    }
    return { asked, settled, next: found.length < PAGE_ROWS ? undefined : last }
  }

  async #settle(
    selection: Selection,
    asked: readonly WireEntry[],
    answered: readonly WireEntry[],
  ): Promise<void> {
    const { ledger, reporter } = this.#options
    const { publisher } = this.#channel
    const names = new Set(asked.map(([id]) => Buffer.from(id).toString('latin1')))
    const gone: RemoteRow[] = []
    const regained: Uint8Array[] = []
    for (const entry of answered) {
      if (!names.delete(Buffer.from(entry[0]).toString('latin1'))) continue
      const told = remoteRow(this.#table, selection, entry)
      if (told === undefined) regained.push(entry[0])
      else gone.push(told)
    }
    const goneIds = gone.map(({ id }) => id)
    const applied = ledger.apply(publisher, gone, this.#strike(goneIds))
    reporter.conflictsOf(applied.conflicts)
    await applied.done
    await ledger.release(publisher, this.#table, regained, this.#strike(regained)).done
    this.count -= goneIds.length + regained.length
  }

  async #drop(ids: readonly Uint8Array[]): Promise<void> {
    if (ids.length === 0) return
    await this.#options.ledger.store.write(this.#strike(ids))
    this.count -= ids.length
  }

  #strike(ids: readonly Uint8Array[]): Operation[] {
    return ids.map((id) => ({
      type: 'delete',
      key: keyOf('kept', [this.#table.name, this.#channel.publisher, id]),
    }))
  }

  get #prefix(): Uint8Array {
    return keyOf('kept', [this.#table.name, this.#channel.publisher])
  }
}
