import type { Store } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import { entries } from './entries.ts'
import type { Journal } from './journal.ts'
import { type Layout, MAX_QUEUE_NUMBER } from './layout.ts'
import { decodeCounts, decodeQueue, encodeQueue, Queue, QueueGroup } from './queue.ts'

/** All queues by name, and their streams by number. A queue is made by the first task that names it. */
export class QueueDirectory {
  readonly #layout: Layout
  readonly #journal: Journal
  readonly #maxQueues: number
  readonly #groups = new Map<string, QueueGroup>()
  readonly #streams = new Map<number, Queue>()

  constructor(layout: Layout, journal: Journal, maxQueues: number) {
    this.#layout = layout
    this.#journal = journal
    this.#maxQueues = Math.min(maxQueues, MAX_QUEUE_NUMBER)
  }

  /** Reads what an earlier process left. */
  load(store: Store): void {
    for (const [key, value] of entries(store, this.#layout.bounds('queue'))) {
      const { name, paused, tenant, priority } = decodeQueue(value)
      const queue = this.#make(numberAt(key, this.#layout.headLength), name, tenant, priority)
      if (queue === queue.group.base) queue.group.paused = paused
      const counts = store.getSync(this.#layout.perQueue('counters', queue.number))
      if (counts !== undefined) decodeCounts(counts, queue.counts)
      const low = store.getSync(this.#layout.perQueue('lowMark', queue.number))
      if (low !== undefined) queue.low = Buffer.from(low).readUIntBE(0, 6)
    }
  }

  group(name: string): QueueGroup | undefined {
    return this.#groups.get(name)
  }

  groups(): IterableIterator<QueueGroup> {
    return this.#groups.values()
  }

  /** The stream with this number. */
  get(number: number): Queue | undefined {
    return this.#streams.get(number)
  }

  /** All streams. */
  all(): IterableIterator<Queue> {
    return this.#streams.values()
  }

  /** The stream of a queue, tenant and priority; a new one is stored in the gathering batch. */
  ensure(name: string, tenant = '', priority = 0): Queue {
    const group = this.#groups.get(name)
    const first = group?.streams[0] ?? this.#create(name, '', 0)
    if (tenant === '' && priority === 0) return first
    return first.group.find(tenant, priority) ?? this.#create(name, tenant, priority)
  }

  save(queue: Queue): void {
    this.#journal.begin().put(this.#layout.perQueue('queue', queue.number), encodeQueue(queue))
  }

  #create(name: string, tenant: string, priority: number): Queue {
    if (this.#streams.size >= this.#maxQueues) {
      throw new SchedulerError(
        'SCHEDULER_BUSY',
        `there are ${this.#maxQueues} queues, tenants and priorities, the most allowed: see maxQueues`,
      )
    }
    const queue = this.#make(this.#streams.size + 1, name, tenant, priority)
    this.save(queue)
    return queue
  }

  #make(number: number, name: string, tenant: string, priority: number): Queue {
    const group = this.#groups.get(name) ?? new QueueGroup(name)
    this.#groups.set(name, group)
    const queue = new Queue(number, name, group, tenant, priority)
    this.#streams.set(number, queue)
    return queue
  }
}

function numberAt(key: Uint8Array, offset: number): number {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(offset, 3)
}
