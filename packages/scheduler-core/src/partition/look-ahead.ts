import type { Timer } from '@ashlar/codec'
import { comparePositions, type Position } from '../storage/layout.ts'
import type { Queue } from '../storage/queue.ts'
import { END } from '../storage/task-reader.ts'
import type { Task } from '../task/task.ts'
import { DueHeap } from './due-heap.ts'
import type { PartitionParts, PartitionSettings } from './parts.ts'

/** Tasks that one look at the store reads: a few milliseconds, of which the look itself is half one. */
const PAGE_TASKS = 1_024

/** What the look-ahead needs of the partition around it. */
export interface LookAheadOwner {
  readonly resident: (seq: number) => boolean
  /** The due tasks in memory that have not started. */
  readonly unstarted: () => Iterable<Task>
  /** Takes a task in: as ready when it is due, else back through `hold`. */
  readonly add: (task: Task, now: number) => void
  /** Forgets resident tasks from a position on. */
  readonly drop: (from: Position) => void
  /** The mark has moved on. */
  readonly onMark: () => void
  /** Makes room when all of memory waits behind busy keys. */
  readonly relieve: () => void
  /** Nothing is ready although there is room to run. */
  readonly starved: () => boolean
  readonly wake: () => void
}

/**
 * Which part of a queue is in memory. The rule that nothing may break: every due task that stands
 * before `mark` in the store is in memory. So a new task before the mark is taken in at once, and
 * any other is only stored; reading from the mark on moves it. There is no window of time that a
 * task could fall out of.
 */
export class LookAhead {
  readonly #queue: Queue
  readonly #settings: PartitionSettings
  readonly #parts: PartitionParts
  readonly #owner: LookAheadOwner
  readonly #future = new DueHeap<Task>()
  #mark: Position = { at: 0, seq: 0 }
  #pending = 0
  /** No task that waits in memory is due later. */
  #farthest = 0
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #active = false
  /** Room was needed and could not be made; until a task starts or leaves. */
  #stuck = false

  constructor(
    queue: Queue,
    settings: PartitionSettings,
    parts: PartitionParts,
    owner: LookAheadOwner,
  ) {
    this.#queue = queue
    this.#settings = settings
    this.#parts = parts
    this.#owner = owner
  }

  get mark(): Position {
    return this.#mark
  }

  /** Whether every due task before a position is in memory. */
  passed(position: Position): boolean {
    return comparePositions(position, this.#mark) < 0
  }

  /** Tasks in memory that have not started. */
  get pending(): number {
    return this.#pending
  }

  /**
   * Whether a page should be read now: the store has tasks that are near, and half of the room is
   * free, or all that memory holds waits behind busy keys.
   */
  wantsPage(now: number): boolean {
    const { lookAheadTasks, lookAheadMs } = this.#settings
    if (!this.#active || this.#queue.paused) return false
    if (this.#mark.at > now + lookAheadMs) return false
    if (this.#pending * 2 < lookAheadTasks) return true
    if (!this.#owner.starved()) return false
    return this.#pending < lookAheadTasks || (this.#mark.at <= now && !this.#stuck)
  }

  start(): void {
    this.#active = true
    // Every task of a new stream is admitted: there is nothing to be read.
    this.#mark = this.#queue.fresh ? END : { at: this.#queue.low, seq: 0 }
    this.#queue.fresh = false
  }

  stop(): void {
    this.#active = false
    this.disarm()
  }

  /** Nothing is in memory any more: everything is to be read again. */
  reset(): void {
    this.#future.filter(() => false)
    this.#pending = 0
    this.#mark = { at: this.#queue.low, seq: 0 }
  }

  /** Forgets when to wake; what follows sets it anew, by the clock as it is now. */
  disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  /** Counts a task that waits in memory; `forget` takes it back. */
  count(task: Task): void {
    this.#pending += 1
    if (task.at > this.#farthest) this.#farthest = task.at
  }

  /** Keeps a task until its time. */
  hold(task: Task): void {
    task.stage = 'future'
    this.count(task)
    this.#future.push(task)
  }

  /** A task that was counted or held starts, or leaves memory. */
  forget(): void {
    this.#pending -= 1
    this.#stuck = false
    if (this.#pending === 0) this.#farthest = 0
    if (this.#future.size > 2 * this.#pending + 1_024) {
      this.#future.filter((task) => task.stage === 'future')
    }
  }

  admit(task: Task, now: number, wakeAt: number): void {
    if (comparePositions(task, this.#mark) >= 0) return
    if (!this.#active || task.at > now + this.#settings.lookAheadMs) {
      this.#lower({ at: task.at, seq: task.seq })
    } else {
      // Those before it first: the clock may have been stepped forward under them.
      if (task.at <= now) this.#promote(now)
      this.#owner.add(task, now)
      if (this.#pending > 2 * this.#settings.lookAheadTasks) this.#shrink()
    }
    this.arm(wakeAt)
  }

  /** Makes ready what is due, and reads a page when there is room. */
  advance(now: number, wakeAt: number): void {
    this.#promote(now)
    this.#read(now)
    this.arm(wakeAt)
  }

  /** Sets the timer for the next thing that time brings about. */
  arm(wakeAt: number): void {
    if (!this.#active) return
    const at = Math.min(this.#peek()?.at ?? Number.POSITIVE_INFINITY, this.#readAt(), wakeAt)
    if (at === this.#timerAt) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = at
    if (at > END.at) return
    const delayMs = Math.max(0, at - this.#parts.clock.now())
    this.#timer = this.#parts.clock.setTimer(() => {
      this.#timer = undefined
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#owner.wake()
    }, delayMs)
  }

  quiet(now: number): boolean {
    const next = this.#peek()
    return (next === undefined || next.at > now) && this.#mark.at > now
  }

  /** When the store is to be read again. */
  #readAt(): number {
    if (this.#queue.paused || this.#mark.at >= END.at) return Number.POSITIVE_INFINITY
    const now = this.#parts.clock.now()
    if (this.wantsPage(now)) return 0
    const { lookAheadMs } = this.#settings
    if (this.#mark.at > now + lookAheadMs) return this.#mark.at - lookAheadMs / 2
    // Memory is full. When the next stored task is due, room may have to be made.
    return this.#mark.at > now ? this.#mark.at : Number.POSITIVE_INFINITY
  }

  #promote(now: number): void {
    for (let top = this.#peek(); top !== undefined && top.at <= now; top = this.#peek()) {
      this.#future.pop()
      this.#pending -= 1
      top.stage = 'stored'
      this.#owner.add(top, now)
    }
  }

  #read(now: number): void {
    if (!this.wantsPage(now)) return
    const { lookAheadMs, lookAheadTasks } = this.#settings
    const until = now + lookAheadMs
    if (this.#pending >= lookAheadTasks) this.#owner.relieve()
    const room = lookAheadTasks - this.#pending
    this.#stuck = room <= 0
    if (this.#stuck) return
    this.#parts.journal.barrier()
    const count = Math.min(PAGE_TASKS, room)
    const page = this.#parts.reader.readDue(this.#queue, this.#mark, count, until)
    this.#mark = page.next ?? END
    for (const task of page.tasks) {
      if (!this.#owner.resident(task.seq)) this.#owner.add(task, now)
    }
    this.#owner.onMark()
  }

  /** Keeps the first tasks, as many as there is room for, and lowers the mark to the rest. */
  #shrink(): void {
    const places: Position[] = []
    for (const { at, seq } of this.#owner.unstarted()) places.push({ at, seq })
    places.sort(comparePositions)
    const from = places[this.#settings.lookAheadTasks]
    if (from === undefined) return
    this.#lower(from)
  }

  /**
   * Nothing behind the mark may wait in memory, or it could start before what the mark stands for:
   * so after the clock was stepped back.
   */
  #lower(from: Position): void {
    if (this.#farthest >= from.at) this.#owner.drop(from)
    if (comparePositions(from, this.#mark) < 0) this.#mark = from
  }

  #peek(): Task | undefined {
    for (;;) {
      const top = this.#future.peek()
      if (top === undefined || top.stage === 'future') return top
      this.#future.pop()
    }
  }
}
