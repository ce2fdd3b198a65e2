import type { Batch, Store } from '@ashlar/lsm-store'
import { decodeTask, encodeTask } from '../task/record.ts'
import type { Area, Task } from '../task/task.ts'
import type { Journal } from './journal.ts'
import { decodeLane, encodeLane, type LaneRecord } from './lane-record.ts'
import { type Layout, type Place, readPlace } from './layout.ts'
import { decodeLocation, encodeLocation, type Location } from './location.ts'
import type { Queue } from './queue.ts'

/**
 * The tasks in the store: every method keeps a task's entry, its forwarding address, its unique
 * key and its queue's counts in step. Writes go into the batch that is passed in; reads see what
 * was handed to the store, so callers put a `barrier` before them.
 */
export class TaskTable {
  readonly #store: Store
  readonly #layout: Layout
  readonly #journal: Journal
  /** Lane records that gather in the journal, which reads of the store do not see. */
  readonly #gathering = new Map<string, LaneRecord | undefined>()
  #generation = 0

  constructor(store: Store, layout: Layout, journal: Journal) {
    this.#store = store
    this.#layout = layout
    this.#journal = journal
  }

  /** A new task, encoded beforehand because that is what may be refused. */
  insert(batch: Batch, task: Task, encoded: Uint8Array): void {
    if (task.area === 'due') this.lowerMark(batch, task)
    else batch.put(this.#forwardKey(task), encodeLocation(task))
    this.insertUncounted(batch, task, encoded)
    this.#count(task.queue, task.area, 1)
  }

  /** A new task in a batch that may never be written: see `lowerMark` and `countInserted`. */
  insertUncounted(batch: Batch, task: Task, encoded: Uint8Array): void {
    batch.put(this.#keyOf(task), encoded)
    if (task.uniqueKey !== undefined) {
      batch.put(this.#uniqueKey(task.queue, task.uniqueKey), task.idBytes)
    }
  }

  countInserted(queue: Queue): void {
    this.#count(queue, 'due', 1)
  }

  /** Takes a task out of whatever area it is in; its unique key is free again. */
  erase(batch: Batch, task: Task): void {
    batch.delete(this.#keyOf(task))
    if (task.forwarded) batch.delete(this.#forwardKey(task))
    this.#countAway(task, -1)
    if (task.uniqueKey !== undefined && task.area !== 'dead') {
      batch.delete(this.#uniqueKey(task.queue, task.uniqueKey))
    }
    this.#count(task.queue, task.area, -1)
    task.gone = true
  }

  /** Writes a task anew in its place, after a change of its fields. */
  rewrite(batch: Batch, task: Task): void {
    batch.put(this.#keyOf(task), encodeTask(task))
  }

  /** To another time, or from another area into the order of time. */
  moveToDue(batch: Batch, task: Task, at: number): void {
    if (task.area === 'dead' && task.uniqueKey !== undefined) {
      batch.put(this.#uniqueKey(task.queue, task.uniqueKey), task.idBytes)
    }
    this.#move(batch, task, 'due', at)
    this.lowerMark(batch, task)
  }

  /** A task without a key to another stream of its queue; returns it as it is there. */
  transfer(batch: Batch, task: Task, to: Queue): Task {
    batch.delete(this.#keyOf(task))
    this.#count(task.queue, task.area, -1)
    this.#countAway(task, -1)
    const moved = task.copy(to)
    this.#count(to, moved.area, 1)
    this.#countAway(moved, 1)
    batch.put(this.#keyOf(moved), encodeTask(moved))
    if (moved.forwarded) batch.put(this.#forwardKey(moved), encodeLocation(moved))
    else batch.delete(this.#forwardKey(moved))
    if (moved.area === 'due') this.lowerMark(batch, moved)
    return moved
  }

  /** Behind its key, out of the order of time. */
  moveToWaiting(batch: Batch, task: Task): void {
    this.#move(batch, task, 'waiting', task.order)
  }

  /** Behind its children, out of the order of time, until they have ended. */
  moveToBlocked(batch: Batch, task: Task, at: number): void {
    this.#move(batch, task, 'blocked', at)
  }

  /** Among the dead letters; its unique key is free again. */
  moveToDead(batch: Batch, task: Task, at: number): void {
    if (task.uniqueKey !== undefined) {
      batch.delete(this.#uniqueKey(task.queue, task.uniqueKey))
    }
    this.#move(batch, task, 'dead', at)
  }

  /** The task with this id, wherever it is; `undefined` when it is no more. */
  find(queue: Queue, place: Place): Task | undefined {
    const location = this.#locate(place)
    const { stream } = location
    const holder = stream === undefined ? queue : queue.group.numbered(stream)
    if (holder === undefined) return undefined
    const key = this.#keyAt(holder, place.seq, location)
    const bytes = this.#store.getSync(key)
    if (bytes === undefined) return undefined
    return decodeTask(holder, location.area, location.at, place.seq, bytes)
  }

  /** Whether the store holds the task where it says it stands. */
  has(task: Task): boolean {
    return this.#store.hasSync(this.#keyOf(task))
  }

  /** The place in the id of the live task that holds a unique key. */
  findUnique(queue: Queue, uniqueKey: string): Place | undefined {
    const bytes = this.#store.getSync(this.#uniqueKey(queue, uniqueKey))
    return bytes === undefined ? undefined : readPlace(bytes, 0)
  }

  /** What is special about a key; sees what gathers in the journal too. */
  readLane(queue: Queue, key: string): LaneRecord | undefined {
    const name = `${queue.number}:${key}`
    if (this.#recent().has(name)) return this.#gathering.get(name)
    const bytes = this.#store.getSync(this.#layout.named('lane', queue.number, key))
    return bytes === undefined ? undefined : decodeLane(bytes)
  }

  /** Stores, or with `undefined` forgets, what is special about a key. */
  writeLane(
    batch: Batch,
    queue: Queue,
    key: string,
    before: LaneRecord | undefined,
    after: LaneRecord | undefined,
  ): void {
    const name = this.#layout.named('lane', queue.number, key)
    if (after === undefined) batch.delete(name)
    else batch.put(name, encodeLane(after))
    this.#recent().set(`${queue.number}:${key}`, after)
    queue.counts.lanes += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
    this.#journal.touch(queue)
  }

  /** Nothing may stand below the mark from which a restart reads. */
  lowerMark(batch: Batch, task: Task): void {
    if (task.at >= task.queue.low) return
    this.writeMark(batch, task.queue, task.at)
  }

  writeMark(batch: Batch, queue: Queue, low: number): void {
    queue.low = low
    const bytes = Buffer.allocUnsafe(6)
    bytes.writeUIntBE(low, 0, 6)
    batch.put(this.#layout.perQueue('lowMark', queue.number), bytes)
  }

  #recent(): Map<string, LaneRecord | undefined> {
    if (this.#generation !== this.#journal.generation) this.#gathering.clear()
    this.#generation = this.#journal.generation
    return this.#gathering
  }

  #move(batch: Batch, task: Task, area: Area, at: number): void {
    batch.delete(this.#keyOf(task))
    const wasForwarded = task.forwarded
    this.#count(task.queue, task.area, -1)
    task.area = area
    task.at = at
    this.#count(task.queue, task.area, 1)
    batch.put(this.#keyOf(task), encodeTask(task))
    if (task.forwarded) batch.put(this.#forwardKey(task), encodeLocation(task))
    else if (wasForwarded) batch.delete(this.#forwardKey(task))
  }

  #locate(place: Place): Location {
    const { queue, at, seq } = place
    const bytes = this.#store.getSync(this.#layout.task('forward', queue, at, seq))
    if (bytes !== undefined) return decodeLocation(bytes)
    return { area: 'due', at, key: '', stream: undefined }
  }

  #keyOf(task: Task): Buffer {
    return this.#keyAt(task.queue, task.seq, task)
  }

  #keyAt(
    queue: Queue,
    seq: number,
    { area, at, key = '' }: { area: Area; at: number; key: string | undefined },
  ): Buffer {
    if (area === 'waiting') return this.#layout.waiting(queue.number, key, at, seq)
    return this.#layout.task(area, queue.number, at, seq)
  }

  #forwardKey(task: Task): Buffer {
    return this.#layout.task('forward', task.home, task.origin, task.seq)
  }

  #uniqueKey(queue: Queue, uniqueKey: string): Buffer {
    return this.#layout.named('unique', queue.group.base.number, uniqueKey)
  }

  #count(queue: Queue, area: Area, change: number): void {
    queue.counts[area] += change
    queue.used = true
    queue.planned = false
    this.#journal.touch(queue)
  }

  /** The stream in its id outlives a task that has moved to another. */
  #countAway(task: Task, change: number): void {
    const { home, queue } = task
    if (home === queue.number) return
    const stream = queue.group.numbered(home)
    if (stream === undefined) return
    stream.counts.away += change
    this.#journal.touch(stream)
  }
}
