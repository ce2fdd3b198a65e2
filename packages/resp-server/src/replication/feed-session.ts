import type { Clock } from '@ashlar/codec'
import type { Change, Snapshot, Store, StoreIterator } from '@ashlar/lsm-store'
import {
  type Block,
  changeBytes,
  encodeBlock,
  operationsToSend,
  type SentChange,
  type SentOperation,
} from './block.ts'
import { REPLICATION_KEY } from './replication-state.ts'

/** A block is sent when it has so many bytes; a single change may have more. */
const BLOCK_BYTES = 256 * 1024
/** How long a request waits for something to happen. */
export const LONG_POLL_MS = 500

/** What one node is sent: a snapshot if it has nothing to go on from, then every change. */
export class FeedSession {
  readonly id: string
  readonly node: string
  /** Monotonic time of the last request. */
  lastSeen: number
  readonly #store: Store
  readonly #clock: Clock
  readonly #stop = new AbortController()
  #snapshot: Snapshot | undefined
  #entries: StoreIterator | undefined
  #changes: AsyncIterator<Change> | undefined
  #nextChange: Promise<IteratorResult<Change>> | undefined
  #number = 0
  #block: Buffer | undefined
  #producing: Promise<Buffer | undefined> | undefined

  /** Without `since` it begins with a snapshot. */
  constructor(id: string, node: string, store: Store, clock: Clock, since: number | undefined) {
    this.id = id
    this.node = node
    this.#store = store
    this.#clock = clock
    this.lastSeen = clock.monotonic()
    if (since === undefined) {
      this.#snapshot = store.snapshot()
      this.#entries = store.iterator({ snapshot: this.#snapshot })
    } else this.#changes = this.#changesSince(since)
  }

  /**
   * Block number 1, 2 and so on: the last one again, or the one after it; undefined when nothing
   * happens for a while. Throws RangeError for any other, and what the store throws, such as
   * `CHANGES_TRUNCATED`.
   */
  async block(number: number): Promise<Buffer | undefined> {
    if (number === this.#number && this.#block !== undefined) return this.#block
    if (number !== this.#number + 1) throw new RangeError(`block ${number} is out of order`)
    // a request that is repeated because its answer was lost waits for the same block
    this.#producing ??= this.#produce().finally(() => {
      this.#producing = undefined
    })
    return await this.#producing
  }

  close(): void {
    this.#stop.abort(new Error('the session has ended'))
    this.#entries?.close()
    this.#snapshot?.close()
    // what it waits for is over, and nobody cares how
    this.#nextChange?.catch(() => undefined)
  }

  async #produce(): Promise<Buffer | undefined> {
    const block = this.#entries === undefined ? await this.#takeChanges() : this.#takeEntries()
    if (block === undefined) return undefined
    this.#number += 1
    this.#block = encodeBlock(block)
    return this.#block
  }

  #changesSince(since: number): AsyncIterator<Change> {
    const { signal } = this.#stop
    return this.#store.changes({ since, live: true, signal })[Symbol.asyncIterator]()
  }

  #takeEntries(): Block {
    const operations: SentOperation[] = []
    const { sequence } = this.#snapshot as Snapshot
    for (let bytes = 0; bytes < BLOCK_BYTES; ) {
      const entry = this.#entries?.nextSync()
      if (entry === undefined) break
      const [key, value] = entry
      if (REPLICATION_KEY.equals(key)) continue
      operations.push({ type: 'put', key, value })
      bytes += key.length + value.length
    }
    if (operations.length > 0) return { kind: 'entries', changes: [{ sequence: 0, operations }] }
    this.#entries?.close()
    this.#entries = undefined
    this.#snapshot?.close()
    this.#snapshot = undefined
    this.#changes = this.#changesSince(sequence)
    return { kind: 'end', changes: [{ sequence, operations: [] }] }
  }

  async #takeChanges(): Promise<Block | undefined> {
    const changes: SentChange[] = []
    for (let bytes = 0; bytes < BLOCK_BYTES; ) {
      const change = await this.#takeChange(changes.length === 0)
      if (change === undefined) break
      changes.push(change)
      bytes += changeBytes(change)
    }
    return changes.length === 0 ? undefined : { kind: 'changes', changes }
  }

  /** The next change, if there is one; or when one comes within the time of a long poll. */
  async #takeChange(waits: boolean): Promise<SentChange | undefined> {
    this.#nextChange ??= this.#changes?.next()
    const { promise: timeout, resolve } = Promise.withResolvers<undefined>()
    const timer = waits
      ? this.#clock.setTimer(() => resolve(undefined), LONG_POLL_MS, { keepAlive: true })
      : undefined
    if (!waits) setImmediate(() => resolve(undefined))
    try {
      const next = await Promise.race([this.#nextChange, timeout])
      if (next === undefined) return undefined
      this.#nextChange = undefined
      if (next.done === true) throw new Error('the store has closed')
      return { sequence: next.value.sequence, operations: operationsToSend(next.value) }
    } finally {
      timer?.cancel()
    }
  }
}
