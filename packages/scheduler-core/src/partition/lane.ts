import type { LaneRecord } from '../storage/lane-record.ts'
import type { Position } from '../storage/layout.ts'
import type { Task } from '../task/task.ts'

/** Before every task: where the reading of a key's waiting tasks starts. */
export const START: Position = Object.freeze({ at: 0, seq: 0 })

/**
 * The tasks of one key that are due, in their order, of which one may run. A lane exists in memory
 * while it holds tasks; what must outlive that is its stored record.
 */
export class Lane {
  readonly key: string
  /** Due tasks by (order, sequence). */
  waiting: Task[] = []
  running: Task | undefined = undefined
  /** The failed head whose turn it stays; 0 when there is none. */
  heldBy = 0
  dead = false
  /** Nothing of it starts, by order of an operator. */
  paused = false
  /** Stored waiting tasks from here on are not in memory. `undefined`: there are none. */
  unread: Position | undefined
  /** Tasks in memory, the running one included, whose place in the store is the waiting area. */
  read = 0
  /** What the store says of this key now. */
  record: LaneRecord | undefined
  /** The priority at which it stands in its partition's list of what can start. */
  listedAt: number | undefined = undefined
  #priority = 0

  constructor(key: string, record: LaneRecord | undefined) {
    this.key = key
    this.record = record
    this.heldBy = record?.heldBy ?? 0
    this.dead = record?.dead ?? false
    this.paused = record?.paused ?? false
    this.unread = record?.spilled === true ? START : undefined
  }

  /** Nothing in memory needs this lane. */
  get empty(): boolean {
    return this.waiting.length === 0 && this.running === undefined
  }

  /** The highest priority among its tasks in memory: those ahead of such a one hurry along. */
  get priority(): number {
    return this.#priority
  }

  insert(task: Task): void {
    const { waiting } = this
    if (task.priority > this.#priority) this.#priority = task.priority
    let index = waiting.length
    while (index > 0 && precedes(task, waiting[index - 1] as Task)) index -= 1
    if (index === waiting.length) waiting.push(task)
    else waiting.splice(index, 0, task)
  }

  remove(task: Task): void {
    const index = this.waiting.indexOf(task)
    if (index >= 0) this.waiting.splice(index, 1)
    if (task.priority > 0) this.rank()
  }

  retain(keep: (task: Task) => boolean): void {
    this.waiting = this.waiting.filter(keep)
    if (this.#priority > 0) this.rank()
  }

  /** Finds its priority anew. */
  rank(): void {
    this.#priority = 0
    for (const { priority } of this.waiting)
      if (priority > this.#priority) this.#priority = priority
  }

  /** Whether stored waiting tasks must be read before the next can be told. */
  get mustRead(): boolean {
    if (this.unread === undefined || this.paused) return false
    if (this.running !== undefined || this.heldBy !== 0) return false
    const head = this.waiting[0]
    return head === undefined || !isBefore(head, this.unread)
  }

  /** Whose turn it is, if anybody's. */
  next(): Task | undefined {
    if (this.running !== undefined || this.paused) return undefined
    if (this.heldBy !== 0) return this.waiting.find((task) => task.seq === this.heldBy)
    return this.mustRead ? undefined : this.waiting[0]
  }

  /** What the store must say of this key. */
  wanted(): LaneRecord | undefined {
    const spilled = this.unread !== undefined || this.read > 0
    if (this.heldBy === 0 && !spilled && !this.paused) return undefined
    return { heldBy: this.heldBy, dead: this.dead, spilled, paused: this.paused }
  }
}

function precedes(a: Task, b: Task): boolean {
  return a.order === b.order ? a.seq < b.seq : a.order < b.order
}

function isBefore(task: Task, position: Position): boolean {
  return task.order === position.at ? task.seq < position.seq : task.order < position.at
}
