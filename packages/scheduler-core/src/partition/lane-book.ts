import type { Batch } from '@ashlar/lsm-store'
import type { Queue } from '../storage/queue.ts'
import type { TaskTable } from '../storage/task-table.ts'
import { Lane } from './lane.ts'

/** The lanes of a partition that memory holds, and the stored records of those it does not. */
export class LaneBook {
  readonly #queue: Queue
  readonly #table: TaskTable
  readonly #lanes = new Map<string, Lane>()

  constructor(queue: Queue, table: TaskTable) {
    this.#queue = queue
    this.#table = table
  }

  /** The lane in memory. */
  get(key: string | undefined): Lane | undefined {
    return key === undefined ? undefined : this.#lanes.get(key)
  }

  holds(lane: Lane): boolean {
    return this.#lanes.get(lane.key) === lane
  }

  /** The lane in memory, taken there when it is not. */
  of(key: string): Lane {
    const lane = this.ifAny(key) ?? new Lane(key, undefined)
    this.#lanes.set(key, lane)
    return lane
  }

  /** The lane in memory, or what the store says of a key that is not simply free. */
  ifAny(key: string): Lane | undefined {
    const known = this.#lanes.get(key)
    if (known !== undefined || this.#queue.counts.lanes === 0) return known
    const record = this.#table.readLane(this.#queue, key)
    return record === undefined ? undefined : new Lane(key, record)
  }

  keep(lane: Lane): void {
    this.#lanes.set(lane.key, lane)
  }

  release(lane: Lane): void {
    this.#lanes.delete(lane.key)
  }

  all(): Lane[] {
    return [...this.#lanes.values()]
  }

  clear(): void {
    this.#lanes.clear()
  }

  /** Stores what is special about a lane, where that has changed. */
  record(batch: Batch, lane: Lane): void {
    const before = lane.record
    const after = lane.wanted()
    const same =
      before?.heldBy === after?.heldBy &&
      before?.dead === after?.dead &&
      before?.paused === after?.paused &&
      before?.spilled === after?.spilled
    if (same) return
    this.#table.writeLane(batch, this.#queue, lane.key, before, after)
    lane.record = after
  }
}
