import { comparePositions, type Position } from '../storage/layout.ts'
import type { Queue } from '../storage/queue.ts'
import type { Task } from '../task/task.ts'
import type { Lane } from './lane.ts'
import type { LaneBook } from './lane-book.ts'
import type { LookAhead } from './look-ahead.ts'
import type { PartitionParts, PartitionSettings } from './parts.ts'
import type { Residents } from './residents.ts'

/** Waiting tasks of one key that are read from the store at a time, at most. */
const LANE_PAGE = 32
/** Waiting tasks of a key that stay in memory at first when room is needed. */
const LANE_KEEP = 4

/** The partition around it. */
export interface OverflowOwner {
  readonly lanes: LaneBook
  readonly residents: Residents
  readonly ahead: LookAhead
  readonly forget: (task: Task) => void
  readonly offer: (lane: Lane) => void
}

/** Sets tasks that wait behind their key aside on disk, and reads them back when it is their turn. */
export class Overflow {
  readonly #queue: Queue
  readonly #settings: PartitionSettings
  readonly #parts: PartitionParts
  readonly #owner: OverflowOwner

  constructor(
    queue: Queue,
    settings: PartitionSettings,
    parts: PartitionParts,
    owner: OverflowOwner,
  ) {
    this.#queue = queue
    this.#settings = settings
    this.#parts = parts
    this.#owner = owner
  }

  readWaiting(lane: Lane): void {
    if (lane.unread === undefined) return
    const { journal, reader } = this.#parts
    const { residents, ahead, lanes } = this.#owner
    journal.barrier()
    const count = Math.min(LANE_PAGE, Math.ceil(this.#settings.lookAheadTasks / 4))
    const page = reader.readWaiting(this.#queue, lane.key, lane.unread, count)
    lane.unread = page.next
    for (const task of page.tasks) {
      if (residents.has(task.seq)) continue
      residents.set(task.seq, task)
      task.stage = 'ready'
      ahead.count(task)
      lane.read += 1
      lane.insert(task)
    }
    lanes.record(journal.begin(), lane)
  }

  /** Writes all but the first `keep` waiting tasks of a lane to the store's waiting area. */
  spill(lane: Lane, keep: number): void {
    const { journal, table } = this.#parts
    const { lanes, forget, offer } = this.#owner
    const batch = journal.begin()
    for (const task of lane.waiting.filter(({ seq }) => seq !== lane.heldBy).slice(keep)) {
      if (task.area === 'due') table.moveToWaiting(batch, task)
      else lane.read -= 1
      forget(task)
      const position: Position = { at: task.order, seq: task.seq }
      if (lane.unread === undefined || comparePositions(position, lane.unread) < 0) {
        lane.unread = position
      }
    }
    lane.retain((task) => task.stage === 'ready')
    lanes.record(batch, lane)
    offer(lane)
  }

  /** Memory is full of tasks that wait behind their keys while others are due: makes room. */
  relieve(): void {
    const { lanes, ahead } = this.#owner
    const enough = this.#settings.lookAheadTasks / 2
    for (const keep of [LANE_KEEP, 0]) {
      for (const lane of lanes.all()) {
        if (ahead.pending <= enough) return
        if (lane.waiting.length > keep) this.spill(lane, keep)
      }
    }
  }
}
