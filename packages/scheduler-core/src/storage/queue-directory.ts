import type { Store } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import { entries } from './entries.ts'
import type { Journal } from './journal.ts'
import { type Layout, MAX_QUEUE_NUMBER } from './layout.ts'
import { decodeCounts, decodeQueue, encodeQueue, Queue } from './queue.ts'

/** All queues by name and number. A queue is made by the first task that names it. */
export class QueueDirectory {
  readonly #layout: Layout
  readonly #journal: Journal
  readonly #maxQueues: number
  readonly #byName = new Map<string, Queue>()
  readonly #byNumber = new Map<number, Queue>()

  constructor(layout: Layout, journal: Journal, maxQueues: number) {
    this.#layout = layout
    this.#journal = journal
    this.#maxQueues = Math.min(maxQueues, MAX_QUEUE_NUMBER)
  }

  /** Reads what an earlier process left. */
  load(store: Store): void {
    for (const [key, value] of entries(store, this.#layout.bounds('queue'))) {
      const queue = decodeQueue(numberAt(key, this.#layout.headLength), value)
      const counts = store.getSync(this.#layout.perQueue('counters', queue.number))
      if (counts !== undefined) decodeCounts(counts, queue.counts)
      const low = store.getSync(this.#layout.perQueue('lowMark', queue.number))
      if (low !== undefined) queue.low = Buffer.from(low).readUIntBE(0, 6)
      this.#add(queue)
    }
  }

  find(name: string): Queue | undefined {
    return this.#byName.get(name)
  }

  get(number: number): Queue | undefined {
    return this.#byNumber.get(number)
  }

  all(): IterableIterator<Queue> {
    return this.#byName.values()
  }

  /** The queue of this name; a new one is stored in the gathering batch. */
  ensure(name: string): Queue {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    if (this.#byName.size >= this.#maxQueues) {
      throw new SchedulerError(
        'SCHEDULER_BUSY',
        `there are ${this.#maxQueues} queues, the most allowed: use keys within a queue instead`,
      )
    }
    const queue = new Queue(this.#byName.size + 1, name)
    this.save(queue)
    this.#add(queue)
    return queue
  }

  save(queue: Queue): void {
    this.#journal.begin().put(this.#layout.perQueue('queue', queue.number), encodeQueue(queue))
  }

  #add(queue: Queue): void {
    this.#byName.set(queue.name, queue)
    this.#byNumber.set(queue.number, queue)
  }
}

function numberAt(key: Uint8Array, offset: number): number {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(offset, 3)
}
