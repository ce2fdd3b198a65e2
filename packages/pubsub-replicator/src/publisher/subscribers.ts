import { createRecordCodec } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import { familyPrefix, keyOf, partsOf } from '../ledger/keyspace.ts'
import type { TableState } from '../ledger/table-state.ts'
import { compileSelection, type Selection, type SelectionSpec } from '../selection/selection.ts'

/** A node that subscribes to a table of this one, whether it is there at the moment or not. */
export interface Subscriber {
  readonly node: string
  readonly table: string
  selection: Selection
  /** Durable at the subscriber up to here. */
  acknowledged: number
  /** Nothing that it wrote before having `acknowledged` is still on its way here. */
  confirmed: number
  /** Wall clock. */
  seenMs: number
  awaited: { readonly sequence: number; readonly head: number } | undefined
  saved: number
}

interface SavedSubscriber {
  readonly selection: SelectionSpec
  readonly confirmed: number
  readonly seenMs: number
}

const codec = createRecordCodec<SavedSubscriber>({ version: 1 })

/** How far this node has come in what it subscribes to from another; undefined when it does not. */
export type InboundProgress = (table: string, node: string) => number | undefined

/**
 * The known subscribers. They are kept in the store, because a row that leaves the selection of an
 * absent one must say so in the log, and a tombstone that it has not seen must stay.
 */
export class Subscribers {
  readonly #store: Store
  readonly #tables: ReadonlyMap<string, TableState>
  readonly #maxPerTable: number
  readonly #byTable = new Map<string, Map<string, Subscriber>>()

  private constructor(store: Store, tables: ReadonlyMap<string, TableState>, maxPerTable: number) {
    this.#store = store
    this.#tables = tables
    this.#maxPerTable = maxPerTable
    for (const name of tables.keys()) this.#byTable.set(name, new Map())
  }

  /** Reads the known subscribers from the store. */
  static async load(
    store: Store,
    tables: ReadonlyMap<string, TableState>,
    maxPerTable: number,
  ): Promise<Subscribers> {
    const subscribers = new Subscribers(store, tables, maxPerTable)
    for await (const [key, value] of store.scan({ prefix: familyPrefix('subscribers') })) {
      const [table, node] = partsOf(key)
      if (typeof table !== 'string' || typeof node !== 'string') continue
      const { selection, confirmed, seenMs } = codec.decode(value)
      subscribers.#of(table)?.set(node, {
        node,
        table,
        selection: compileSelection(selection),
        acknowledged: confirmed,
        confirmed,
        seenMs,
        awaited: undefined,
        saved: confirmed,
      })
    }
    for (const table of tables.values()) subscribers.#refreshHeld(table)
    return subscribers
  }

  get(table: string, node: string): Subscriber | undefined {
    return this.#of(table)?.get(node)
  }

  /** All known subscribers. */
  *all(): IterableIterator<Subscriber> {
    for (const known of this.#byTable.values()) yield* known.values()
  }

  /** True when the table has as many subscribers as are allowed. */
  isFull(table: string): boolean {
    return (this.#of(table)?.size ?? 0) >= this.#maxPerTable
  }

  /**
   * Notes a subscriber and what it selects. From the call on, rows that leave the selection say
   * so; resolves when it is in the store.
   */
  async register(
    table: TableState,
    node: string,
    selection: Selection,
    nowMs: number,
  ): Promise<void> {
    const known = this.#of(table.name)
    if (known === undefined) return
    const old = known.get(node)
    const subscriber: Subscriber = old ?? {
      node,
      table: table.name,
      selection,
      acknowledged: 0,
      confirmed: 0,
      seenMs: nowMs,
      awaited: undefined,
      saved: 0,
    }
    const same = old?.selection.digest === selection.digest
    subscriber.selection = selection
    subscriber.seenMs = nowMs
    known.set(node, subscriber)
    this.#refreshHeld(table)
    if (!same) await this.#save(subscriber)
  }

  /** Takes note of how far a subscriber is; `head` is the end of its own log at that moment. */
  acknowledge(subscriber: Subscriber, sequence: number, head: number, nowMs: number): void {
    subscriber.seenMs = nowMs
    subscriber.acknowledged = Math.max(subscriber.acknowledged, sequence)
    subscriber.awaited ??= { sequence, head }
  }

  /**
   * Confirms what has been acknowledged once everything that the subscriber had written by then
   * has arrived here. Answers the least confirmed sequence of the table.
   */
  confirmed(table: string, inbound: InboundProgress): number {
    let least = Number.MAX_SAFE_INTEGER
    for (const subscriber of this.#of(table)?.values() ?? []) {
      const { awaited } = subscriber
      const reached = inbound(table, subscriber.node) ?? Number.MAX_SAFE_INTEGER
      if (awaited !== undefined && reached >= awaited.head) {
        subscriber.confirmed = Math.max(subscriber.confirmed, awaited.sequence)
        subscriber.awaited = undefined
      }
      least = Math.min(least, subscriber.confirmed)
    }
    return least
  }

  async forget(table: TableState, node: string): Promise<void> {
    if (this.#of(table.name)?.delete(node)) {
      this.#refreshHeld(table)
      await this.#store.delete(keyOf('subscribers', [table.name, node]))
    }
  }

  /** Forgets those not seen since a wall-clock time, and saves how far the others are. */
  async tidy(expiredMs: number): Promise<void> {
    for (const subscriber of [...this.all()]) {
      const table = this.#tables.get(subscriber.table)
      if (table !== undefined && subscriber.seenMs < expiredMs) {
        await this.forget(table, subscriber.node)
      } else if (subscriber.confirmed > subscriber.saved) {
        await this.#save(subscriber)
      }
    }
  }

  async #save(subscriber: Subscriber): Promise<void> {
    const { table, node, selection, confirmed, seenMs } = subscriber
    subscriber.saved = confirmed
    const value = codec.encode({ selection: selection.spec, confirmed, seenMs })
    await this.#store.put(keyOf('subscribers', [table, node]), value)
  }

  #of(table: string): Map<string, Subscriber> | undefined {
    return this.#byTable.get(table)
  }

  #refreshHeld(table: TableState): void {
    table.held.clear()
    for (const { selection } of this.#of(table.name)?.values() ?? []) {
      if (selection.where !== undefined) table.held.set(selection.digest, selection)
    }
  }
}
