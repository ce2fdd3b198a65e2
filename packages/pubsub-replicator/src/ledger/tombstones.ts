import type { Clock } from '@ashlar/codec'
import { HybridClock } from '@ashlar/codec'
import type { Operation } from '@ashlar/lsm-store'
import { latestStamp } from '../row/row.ts'
import { familyPrefix, keyOf } from './keyspace.ts'
import type { Ledger } from './ledger.ts'
import type { TableState } from './table-state.ts'
import { decodeTombstone, type IndexedTombstone } from './tombstone-index.ts'

/** When tombstones may go. */
export interface TombstoneLimits {
  /** Kept at least so long, whoever has seen them. */
  readonly minAgeMs: number
  /** Gone after so long; who has not passed them by then takes a snapshot. */
  readonly maxAgeMs: number
}

/** What collecting works with. */
export interface TombstonesOptions extends TombstoneLimits {
  readonly ledger: Ledger
  readonly tables: ReadonlyMap<string, TableState>
  readonly clock: Clock
  /** The sequence of this store that all known subscribers of a table have passed. */
  readonly confirmed: (table: string) => number
}

/** This node's clock and the sequence of its store at one moment. */
interface Checkpoint {
  readonly time: bigint
  readonly sequence: number
}

const CHECKPOINTS_MAX = 1024
const CHUNK = 256

/**
 * Deletes tombstones that nobody needs: every known subscriber has passed them and what it wrote
 * before has arrived here, so no older write of the same id can come any more.
 */
export class Tombstones {
  readonly #options: TombstonesOptions
  readonly #collected: Map<string, number>
  #checkpoints: Checkpoint[] = []

  private constructor(options: TombstonesOptions, collected: Map<string, number>) {
    this.#options = options
    this.#collected = collected
    this.#note()
  }

  static async load(options: TombstonesOptions): Promise<Tombstones> {
    const collected = new Map<string, number>()
    for (const table of options.tables.keys()) {
      const bytes = await options.ledger.store.get(collectedKey(table))
      if (bytes !== undefined) collected.set(table, Buffer.from(bytes).readDoubleBE())
    }
    return new Tombstones(options, collected)
  }

  /** A subscriber that stands before this sequence may have missed a delete. */
  collectedThrough(table: string): number {
    return this.#collected.get(table) ?? 0
  }

  /** Deletes what may go; answers how many. */
  async collect(): Promise<number> {
    const { ledger, clock, minAgeMs, maxAgeMs } = this.#options
    this.#note()
    const nowMs = clock.now()
    const youngest = timeAt(nowMs - minAgeMs)
    const oldest = timeAt(nowMs - maxAgeMs)
    const limits = new Map<string, bigint>()
    let chunk: IndexedTombstone[] = []
    let count = 0
    for await (const [key, value] of ledger.store.scan({ prefix: familyPrefix('tombstones') })) {
      const tombstone = decodeTombstone(key, value)
      if (tombstone.time > youngest) break
      const { table } = tombstone
      if (!limits.has(table)) limits.set(table, this.#limitOf(table))
      if (tombstone.time > oldest && tombstone.time > (limits.get(table) ?? 0n)) continue
      chunk.push(tombstone)
      if (chunk.length < CHUNK) continue
      count += await this.#remove(chunk)
      chunk = []
    }
    return count + (await this.#remove(chunk))
  }

  /** Tombstones of the table up to this time have been passed by all. */
  #limitOf(table: string): bigint {
    const confirmed = this.#options.confirmed(table)
    const passed = this.#checkpoints.findLast(({ sequence }) => sequence <= confirmed)
    return passed?.time ?? 0n
  }

  async #remove(tombstones: readonly IndexedTombstone[]): Promise<number> {
    if (tombstones.length === 0) return 0
    const { ledger, tables } = this.#options
    const operations: Operation[] = []
    let count = 0
    for (const { key, table: name, id, stamp, time } of tombstones) {
      operations.push({ type: 'delete', key })
      const table = tables.get(name)
      const row = table && ledger.read(table, id)
      if (table === undefined || row === undefined || row.value !== undefined) continue
      if (HybridClock.compare(latestStamp(row), stamp) !== 0) continue
      operations.push({ type: 'delete', key: table.keys.key(id) })
      this.#pass(name, time, operations)
      count += 1
    }
    await ledger.store.write(operations)
    return count
  }

  #pass(table: string, time: bigint, operations: Operation[]): void {
    const sequence = this.#checkpoints.find((point) => point.time >= time)?.sequence ?? 0
    if (sequence <= this.collectedThrough(table)) return
    this.#collected.set(table, sequence)
    const value = Buffer.allocUnsafe(8)
    value.writeDoubleBE(sequence)
    operations.push({ type: 'put', key: collectedKey(table), value })
  }

  #note(): void {
    const { ledger } = this.#options
    const { time } = ledger.hlc.now()
    this.#checkpoints.push({ time, sequence: ledger.store.lastSequence })
    if (this.#checkpoints.length <= CHECKPOINTS_MAX) return
    this.#checkpoints = this.#checkpoints.filter((_, index) => index % 2 === 1)
  }
}

/** The last time of a millisecond. */
function timeAt(ms: number): bigint {
  return ((BigInt(Math.max(0, Math.floor(ms))) + 1n) << 16n) - 1n
}

function collectedKey(table: string): Uint8Array {
  return keyOf('meta', ['collected', table])
}
