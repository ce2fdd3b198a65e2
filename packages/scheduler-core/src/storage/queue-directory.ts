import type { Batch, Store } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import { entries } from './entries.ts'
import type { Journal } from './journal.ts'
import { type Layout, MAX_QUEUE_NUMBER } from './layout.ts'
import { decodeCounts, decodeQueue, encodeQueue, Queue, QueueGroup } from './queue.ts'

/**
 * All queues by name, and their streams by number. A queue is made by the first task that names it.
 * A stream other than the base of its queue is forgotten when it is empty, and its number is given
 * to the next.
 */
export class QueueDirectory {
  readonly #layout: Layout
  readonly #journal: Journal
  readonly #maxQueues: number
  readonly #groups = new Map<string, QueueGroup>()
  readonly #streams = new Map<number, Queue>()
  /** Numbers below the greatest that no stream has. */
  readonly #free: number[] = []
  readonly #makeRoom: () => void
  #greatest = 0

  /** `makeRoom` forgets streams that are empty: there are as many as there may be. */
  constructor(layout: Layout, journal: Journal, maxQueues: number, makeRoom: () => void) {
    this.#layout = layout
    this.#journal = journal
    this.#makeRoom = makeRoom
    this.#maxQueues = Math.min(maxQueues, MAX_QUEUE_NUMBER)
  }

  /** Reads what an earlier process left. */
  load(store: Store): void {
    for (const [key, value] of entries(store, this.#layout.bounds('queue'))) {
      const { name, paused, tenant, priority } = decodeQueue(value)
      const queue = this.#make(numberAt(key, this.#layout.headLength), name, tenant, priority)
      if (tenant === '' && priority === 0) queue.group.paused = paused
      const counts = store.getSync(this.#layout.perQueue('counters', queue.number))
      if (counts !== undefined) decodeCounts(counts, queue.counts)
      const low = store.getSync(this.#layout.perQueue('lowMark', queue.number))
      if (low !== undefined) queue.low = Buffer.from(low).readUIntBE(0, 6)
      this.#greatest = queue.number
    }
    for (let number = this.#greatest; number > 0; number--) {
      if (!this.#streams.has(number)) this.#free.push(number)
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
    const base = this.#groups.get(name)?.base ?? this.#create(name, '', 0)
    if (tenant === '' && priority === 0) return base
    const stream = base.group.find(tenant, priority) ?? this.#create(name, tenant, priority)
    stream.planned = true
    return stream
  }

  /** Into a batch: an empty stream is forgotten. */
  forget(batch: Batch, stream: Queue): void {
    const { number, group } = stream
    if (stream === group.base || !stream.empty) throw new RangeError('the stream is in use')
    batch.delete(this.#layout.perQueue('queue', number))
    batch.delete(this.#layout.perQueue('counters', number))
    batch.delete(this.#layout.perQueue('lowMark', number))
    group.remove(stream)
    this.#streams.delete(number)
    this.#free.push(number)
  }

  save(queue: Queue): void {
    this.#journal.begin().put(this.#layout.perQueue('queue', queue.number), encodeQueue(queue))
  }

  #create(name: string, tenant: string, priority: number): Queue {
    if (this.#streams.size >= this.#maxQueues) this.#makeRoom()
    if (this.#streams.size >= this.#maxQueues) {
      throw new SchedulerError(
        'SCHEDULER_BUSY',
        `there are ${this.#maxQueues} queues, tenants and priorities, the most allowed: see maxQueues`,
      )
    }
    const queue = this.#make(this.#free.pop() ?? ++this.#greatest, name, tenant, priority)
    queue.fresh = true
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
