import type { Store } from '@ashlar/lsm-store'
import { decodeTask } from '../task/record.ts'
import type { Area, Task } from '../task/task.ts'
import { entries } from './entries.ts'
import { decodeLane } from './lane-record.ts'
import {
  type KeyBounds,
  type Layout,
  MAX_TIME,
  type Place,
  type Position,
  readPlace,
  readWaitingPlace,
} from './layout.ts'
import type { Queue } from './queue.ts'

/** After every task. */
export const END: Position = Object.freeze({ at: MAX_TIME + 1, seq: 0 })

export interface TaskPage {
  readonly tasks: readonly Task[]
  /** The first stored task that was not read, or `undefined` when all were. */
  readonly next: Position | undefined
}

/** Called with what cannot be decoded: it stays where it is and is not run. */
export type DamageReport = (queue: Queue, key: Uint8Array, error: unknown) => void

/** Reads tasks in their order, a page at a time, synchronously: the page is one view of the store. */
export class TaskReader {
  readonly #store: Store
  readonly #layout: Layout
  readonly #onDamage: DamageReport

  constructor(store: Store, layout: Layout, onDamage: DamageReport) {
    this.#store = store
    this.#layout = layout
    this.#onDamage = onDamage
  }

  /** At most `count` tasks from a position on, none later than `until`. */
  readDue(queue: Queue, from: Position, count: number, until: number): TaskPage {
    const { lt } = this.#layout.bounds('due', queue.number)
    const gte = this.#layout.task('due', queue.number, from.at, from.seq)
    const offset = this.#layout.headLength
    const place = (key: Uint8Array): Place => readPlace(key, offset)
    return this.#read(queue, 'due', { gte, lt }, count, place, until)
  }

  /** At most `count` tasks that wait behind a key, from a position on. */
  readWaiting(queue: Queue, taskKey: string, from: Position, count: number): TaskPage {
    const { lt } = this.#layout.waitingBounds(queue.number, taskKey)
    const gte = this.#layout.waiting(queue.number, taskKey, from.at, from.seq)
    const offset = this.#layout.headLength
    const place = (key: Uint8Array): Place => readWaitingPlace(key, offset)
    return this.#read(queue, 'waiting', { gte, lt }, count, place)
  }

  /** The oldest dead letters. */
  readDead(queue: Queue, count: number): readonly Task[] {
    const offset = this.#layout.headLength
    const bounds = this.#layout.bounds('dead', queue.number)
    const place = (key: Uint8Array): Place => readPlace(key, offset)
    return this.#read(queue, 'dead', bounds, count, place).tasks
  }

  /** Keys that are free and have stored waiting tasks, which only their own turns would read. */
  readyLanes(queue: Queue): string[] {
    const keys: string[] = []
    for (const [key, value] of entries(this.#store, this.#layout.bounds('lane', queue.number))) {
      const lane = decodeLane(value)
      if (lane.heldBy !== 0 || lane.paused || !lane.spilled) continue
      keys.push(Buffer.from(key.subarray(this.#layout.headLength + 3)).toString('utf8'))
    }
    return keys
  }

  #read(
    queue: Queue,
    area: Area,
    bounds: KeyBounds,
    count: number,
    place: (key: Uint8Array) => Place,
    until: number = MAX_TIME,
  ): TaskPage {
    const tasks: Task[] = []
    using iterator = this.#store.iterator(bounds)
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      const { at, seq } = place(entry[0])
      if (at > until || tasks.length === count) return { tasks, next: { at, seq } }
      try {
        tasks.push(decodeTask(queue, area, at, seq, entry[1]))
      } catch (error) {
        this.#onDamage(queue, entry[0], error)
      }
    }
    return { tasks, next: undefined }
  }
}
