import { HybridClock, type Timer } from '@ashlar/codec'
import { Store } from '@ashlar/lsm-store'
import { ReplicatorError } from './errors.ts'
import { keyOf } from './ledger/keyspace.ts'
import { Ledger } from './ledger/ledger.ts'
import { Life } from './ledger/life.ts'
import { createTableState, type TableState } from './ledger/table-state.ts'
import { Tombstones } from './ledger/tombstones.ts'
import { type ReplicatorOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { createMessages } from './protocol/messages.ts'
import { Subjects } from './protocol/subjects.ts'
import { Publisher } from './publisher/publisher.ts'
import { Subscribers } from './publisher/subscribers.ts'
import { Receiver, type SubscribeRequest } from './receiver/receiver.ts'
import type { ReplicaSubscription } from './receiver/subscription.ts'
import type { RecordData } from './record/record.ts'
import { Reporter } from './reporter.ts'
import type { ReplicatorStatus } from './status.ts'
import { Table, type TableContext } from './table/table.ts'
import { runTransaction, type Transaction } from './table/transaction.ts'

interface Parts {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly life: Life
  readonly ledger: Ledger
  readonly tables: ReadonlyMap<string, TableState>
  readonly reporter: Reporter
  readonly subscribers: Subscribers
  readonly tombstones: Tombstones
  readonly publisher: Publisher
  readonly receiver: Receiver
}

const CLOCK_KEY = keyOf('meta', ['clock'])
/** After a crash the node's stamps are ahead of time for so long, and win conflicts unduly. */
const CEILING_WINDOW_MS = 2000

/**
 * Tables of records on one node, of which only what is subscribed to moves between nodes.
 *
 * Each node reads and writes its own store, cut off or not. What it writes is stamped, logged in
 * the same batch, and pushed from that log to those that subscribed; who was away reads the log on
 * from its cursor, or compares a snapshot when the log does not reach back so far. All nodes that
 * receive the same writes end with the same records, in whatever order they came.
 *
 * @example
 * ```ts
 * await using edge = await Replicator.open({
 *   node: 'edge-1',
 *   path: '/var/lib/edge',
 *   transport,
 *   tables: [{ name: 'alerts', publish: true }, { name: 'thresholds' }],
 * })
 * edge.subscribe({ table: 'thresholds', from: 'cloud', where: { field: 'site', eq: 'sea' } })
 * await edge.table('alerts').put('a1', { celsius: 31 })
 * ```
 */
export class Replicator implements AsyncDisposable {
  readonly node: string
  readonly #parts: Parts
  readonly #handles = new Map<string, Table>()
  readonly #context: TableContext
  #maintenance: Timer | undefined
  #collecting: Promise<number> = Promise.resolve(0)
  #closing: Promise<void> | undefined

  private constructor(parts: Parts) {
    this.#parts = parts
    this.node = parts.options.node
    this.#context = { ledger: parts.ledger, assertOpen: () => this.#assertOpen() }
    this.#maintainLater()
  }

  /**
   * Opens the tables of a node and starts to answer subscribers.
   *
   * Rejects with TypeError or RangeError for a bad option, naming it, and with the errors of the
   * store (`STORE_LOCKED`, `STORE_CORRUPT`...).
   */
  static async open(options: ReplicatorOptions): Promise<Replicator> {
    const resolved = resolveOptions(options)
    const store = resolved.store ?? (await Store.open(resolved.path ?? '', resolved.storeOptions))
    try {
      const parts = await assemble(resolved, store)
      parts.publisher.start()
      return new Replicator(parts)
    } catch (error) {
      if (resolved.store === undefined) await store.close()
      throw error
    }
  }

  /** A table by its name. Throws `TABLE_UNKNOWN`. */
  table<T extends object = RecordData>(name: string): Table<T> {
    const state = this.#stateOf(name)
    let table = this.#handles.get(name)
    if (table === undefined) {
      table = new Table(state, this.#context)
      this.#handles.set(name, table)
    }
    // what the type says of records is the word of the caller
    return table as unknown as Table<T>
  }

  /**
   * Writes several records, of several tables, as one: with one stamp, in one batch, to each
   * subscriber in one piece. `work` may read; when what it has read was changed by somebody else
   * before it could commit, it is run again, ten times at most.
   *
   * Resolves with what `work` returns. Rejects with what it throws (nothing is written then),
   * `TRANSACTION_CONFLICT`, `TRANSACTION_TOO_LARGE`, `REPLICATOR_CLOSED`.
   *
   * @example
   * ```ts
   * await replicator.transaction((tx) => {
   *   const stock = tx.table<{ left: number }>('stock')
   *   stock.put('tea', { left: (stock.get('tea')?.left ?? 0) - 1 })
   *   tx.table('orders').put('o1', { item: 'tea' })
   * })
   * ```
   */
  async transaction<R>(work: (transaction: Transaction) => R | Promise<R>): Promise<R> {
    this.#assertOpen()
    return await runTransaction(this.#parts.ledger, (name) => this.#stateOf(name), work)
  }

  /**
   * Receives a table, or the selected part of it, from one publisher or from all. It starts at
   * once and goes on by itself; after a restart call it again with the same selection, and it goes
   * on from its cursor.
   *
   * Throws `TABLE_UNKNOWN`, `SUBSCRIPTION_EXISTS`, `REPLICATOR_CLOSED`, and TypeError or RangeError
   * for an invalid selection.
   */
  subscribe(request: SubscribeRequest): ReplicaSubscription {
    this.#assertOpen()
    return this.#parts.receiver.subscribe(this.#stateOf(request.table), request)
  }

  /** How it stands: subscriptions with cursor and lag, subscribers with what they acknowledged. */
  status(): ReplicatorStatus {
    const { store, life, receiver, subscribers, publisher, reporter } = this.#parts
    const head = store.lastSequence
    return {
      node: this.node,
      store: life.store,
      life: life.number,
      head,
      subscriptions: receiver.status(),
      subscribers: [...subscribers.all()].map(({ table, node, acknowledged, seenMs }) => ({
        table,
        node,
        online: publisher.feeds.isListening(table, node),
        acknowledged,
        lagRecords: head - acknowledged,
        seenMs,
      })),
      conflicts: reporter.conflicts,
      rejected: reporter.rejected,
      errors: reporter.errors,
    }
  }

  /**
   * Collects the tombstones that may go now, as it is done from time to time anyway; answers how
   * many went.
   */
  async collectTombstones(): Promise<number> {
    this.#assertOpen()
    const { subscribers, tombstones, options } = this.#parts
    const collect = async (): Promise<number> => {
      await subscribers.tidy(options.clock.now() - options.tombstones.maxAgeMs)
      return await tombstones.collect()
    }
    this.#collecting = this.#collecting.then(collect, collect)
    return await this.#collecting
  }

  /**
   * Takes no more calls, finishes what is being applied and answered, publishes what is committed,
   * notes the cursors, and closes the store if it opened it. The transport stays open. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { receiver, publisher, ledger, options, store } = this.#parts
    this.#maintenance?.cancel()
    await this.#collecting.catch(() => 0) // whoever asked for it was told
    await closeAll([
      () => receiver.close(),
      () => publisher.close(),
      () => ledger.drain(),
      () => ledger.hlc.close(),
      async () => {
        if (options.store === undefined) await store.close()
      },
    ])
  }

  #maintainLater(): void {
    const { options, publisher, reporter } = this.#parts
    const { intervalMs } = options.tombstones
    this.#maintenance = options.clock.setTimer(() => {
      if (this.#closing !== undefined) return
      const maintain = async (): Promise<void> => {
        publisher.tidy()
        await this.collectTombstones()
      }
      maintain().catch((error: unknown) => reporter.error('collecting tombstones', error))
      this.#maintainLater()
    }, intervalMs)
  }

  #stateOf(name: string): TableState {
    const state = this.#parts.tables.get(name)
    if (state !== undefined) return state
    const known = [...this.#parts.tables.keys()].join(', ')
    throw new ReplicatorError(
      'TABLE_UNKNOWN',
      `${this.node} has no table ${JSON.stringify(name)}: list it in tables; it has ${known}`,
      { table: name },
    )
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return
    throw new ReplicatorError('REPLICATOR_CLOSED', `the replicator ${this.node} is closed`)
  }
}

/** Closes one after the other, each whatever became of the others; throws the first failure. */
async function closeAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

async function assemble(options: ResolvedOptions, store: Store): Promise<Parts> {
  const { node, clock, maxDriftMs, maxTransactionBytes, pageBytes } = options
  const tables = new Map(options.tables.map((table) => [table.name, createTableState(table)]))
  const reporter = new Reporter(options.events, options.logger)
  const life = await Life.begin(store, clock, options.random)
  const hlc = HybridClock.create({
    node,
    clock,
    maxDriftMs,
    ceiling: await readCeiling(store),
    ceilingWindowMs: CEILING_WINDOW_MS,
    persistCeiling: (ceiling) => writeCeiling(store, ceiling, reporter),
  })
  const ledger = new Ledger({ store, node, hlc, maxTransactionBytes })
  const subscribers = await Subscribers.load(store, tables, options.maxSubscribers)
  const messages = createMessages(options.transport.supports.maxPayloadBytes)
  const shared = {
    ...options,
    ledger,
    life,
    tables,
    messages,
    reporter,
    subjects: new Subjects(options.subjectPrefix),
    groupBytes: pageBytes,
  }
  const receiver = new Receiver(shared)
  const tombstones = await Tombstones.load({
    ...options.tombstones,
    ledger,
    tables,
    clock,
    confirmed: (table) =>
      subscribers.confirmed(table, (name, from) => receiver.progressOf(name, from)),
  })
  const publisher = new Publisher({
    ...shared,
    subscribers,
    snapshotIdleMs: SNAPSHOT_IDLE_MS,
    collectedThrough: (table) => tombstones.collectedThrough(table),
  })
  return {
    options,
    store,
    life,
    ledger,
    tables,
    reporter,
    subscribers,
    tombstones,
    publisher,
    receiver,
  }
}

/** A snapshot that nobody has read from for so long is let go. */
const SNAPSHOT_IDLE_MS = 30_000

async function readCeiling(store: Store): Promise<bigint> {
  const bytes = await store.get(CLOCK_KEY)
  return bytes === undefined ? 0n : Buffer.from(bytes).readBigUInt64BE()
}

/** Not waited for: it stands in the log before any batch stamped below it, so it survives with it. */
function writeCeiling(store: Store, ceiling: bigint, reporter: Reporter): void {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(ceiling)
  store.put(CLOCK_KEY, bytes, { sync: 'always' }).catch((error: unknown) => {
    reporter.error('storing the ceiling of the clock', error)
  })
}
