import type { Batch } from '@ashlar/lsm-store'
import type { Position } from '../storage/layout.ts'
import { comparePositions } from '../storage/layout.ts'
import type { Queue } from '../storage/queue.ts'
import type { Task } from '../task/task.ts'
import type { Front } from './front.ts'
import { Lane } from './lane.ts'
import { LaneBook } from './lane-book.ts'
import { LookAhead } from './look-ahead.ts'
import { Overflow } from './overflow.ts'
import type { PartitionParts, PartitionSettings } from './parts.ts'
import { ReadyList } from './ready-list.ts'
import { Residents } from './residents.ts'
import type { Share } from './share.ts'
import { SleepingLanes } from './sleeping-lanes.ts'

/** After a failure inside a partition, the wait before it is built anew from the store. */
const RESTART_MS = 1_000

/**
 * One queue at work: the tasks of it that memory holds, and whose turn it is. It knows nothing of
 * handlers: the runner takes tasks from it and tells it what became of them.
 *
 * A failure in here is the partition's own: it drops what it holds and reads the store again.
 */
export class Partition {
  readonly queue: Queue
  readonly settings: PartitionSettings
  readonly share: Share
  readonly #parts: PartitionParts
  readonly #front: Front
  readonly #residents = new Residents()
  readonly #ahead: LookAhead
  readonly #ready = new ReadyList<Task | Lane>()
  readonly #lanes: LaneBook
  readonly #overflow: Overflow
  readonly #asleep = new SleepingLanes()
  #active = false
  #running = 0

  constructor(queue: Queue, settings: PartitionSettings, front: Front, parts: PartitionParts) {
    this.queue = queue
    this.settings = settings
    this.#front = front
    this.#parts = parts
    this.#lanes = new LaneBook(queue, parts.table)
    this.share = front.add(this)
    this.#ahead = new LookAhead(queue, settings, parts, {
      resident: (seq) => this.#residents.has(seq),
      unstarted: () => this.#residents.unstarted(),
      add: (task, now) => this.#add(task, now),
      drop: (from) => this.#drop(from),
      onMark: () => {
        for (const lane of this.#asleep.takeBehind()) this.#offer(lane)
      },
      relieve: () => this.#overflow.relieve(),
      starved: () => this.#ready.size === 0 && this.#running < front.concurrencyOf(this),
      wake: () => this.wake(),
    })
    this.#overflow = new Overflow(queue, settings, parts, {
      lanes: this.#lanes,
      residents: this.#residents,
      ahead: this.#ahead,
      forget: (task) => this.#forget(task),
      offer: (lane) => this.#offer(lane),
    })
  }

  /** Tasks in memory. */
  get residents(): number {
    return this.#residents.size
  }

  /** Tasks of it that run. */
  get running(): number {
    return this.#running
  }

  /** Whether `take` may have something to give. */
  get hasReady(): boolean {
    return this.#active && !this.queue.paused && this.#ready.size > 0
  }

  /** The highest priority of what may start. */
  get topPriority(): number {
    return Math.max(this.queue.priority, this.#ready.top)
  }

  /** Starts reading tasks from the durable low-water mark on. */
  start(): void {
    this.#active = true
    this.#guard(() => {
      this.#ahead.start()
      const keys = this.queue.counts.lanes === 0 ? [] : this.#parts.reader.readyLanes(this.queue)
      for (const key of keys) this.#offer(this.#lanes.of(key))
    })
    this.wake()
  }

  /** Nothing is taken or read any more; what runs goes on. */
  stop(): void {
    this.#active = false
    this.#ahead.stop()
  }

  /** Looks at the clock and the store: what is due becomes ready, what comes near is read. */
  wake(): void {
    if (!this.#active) return
    this.#guard(() => {
      const now = this.#parts.clock.now()
      this.#ahead.disarm()
      for (const lane of this.#asleep.wake(now)) this.#offer(lane)
      this.#ahead.advance(now, this.#asleep.next)
    })
    this.#front.offer(this)
  }

  /** The task in memory with this sequence. */
  resident(seq: number): Task | undefined {
    return this.#residents.get(seq)
  }

  /** A task was stored: takes it into memory when it stands below the mark. */
  admit(task: Task): void {
    if (this.#residents.has(task.seq)) return
    this.#guard(() => this.#ahead.admit(task, this.#parts.clock.now(), this.#asleep.next))
  }

  /** The next task that may start now; it counts as running from here on. */
  take(now: number): Task | undefined {
    let taken: Task | undefined
    this.#guard(() => {
      taken = this.#take(now)
      if (this.#ahead.wantsPage(now)) {
        this.#ahead.advance(now, this.#asleep.next)
        taken ??= this.#take(now)
      } else if (this.#ready.size === 0) this.#ahead.arm(this.#asleep.next)
    })
    return taken
  }

  /** A task that was taken did not start after all. */
  untake(task: Task): void {
    this.#running -= 1
    this.#front.undone(this)
    if (!this.#residents.has(task.seq)) return
    this.#guard(() => {
      const lane = this.#lanes.get(task.key)
      if (lane?.running === task) lane.running = undefined
      this.#residents.delete(task.seq)
      if (task.area === 'waiting' && lane !== undefined) lane.read -= 1
      this.#add(task, this.#parts.clock.now())
      this.#ahead.arm(this.#asleep.next)
    })
    this.#front.offer(this)
  }

  /** A run has ended: its place among the queue's runs is free, its key not before `vacated`. */
  settled(task: Task): void {
    task.stage = 'finishing'
    this.#running -= 1
    this.#front.ended(this)
    // There is room again, so that nothing ready means that more is to be read.
    if (this.#ready.size === 0) this.#ahead.arm(this.#asleep.next)
    this.#front.offer(this)
  }

  /**
   * What became of an ended run is handed to the journal. The next of its key may be chosen: its
   * start is stored with that or after it, and the handler is called when that start is stored.
   */
  vacated(task: Task): void {
    this.#guard(() => {
      const lane = this.#lanes.get(task.key)
      if (lane?.running !== task) return
      lane.running = undefined
      this.#offer(lane)
    })
  }

  /** What became of an ended run is stored. A task that is still to run is admitted anew. */
  released(task: Task): void {
    this.#residents.delete(task.seq)
    task.stage = 'stored'
    this.#guard(() => {
      if (task.gone || task.area !== 'due') return
      this.#ahead.admit(task, this.#parts.clock.now(), this.#asleep.next)
    })
  }

  /** Takes a task that has not started out of memory. */
  withdraw(task: Task): void {
    // One whose run has just ended is let go when that is stored.
    if (task.started || this.#residents.get(task.seq) !== task) return
    this.#forget(task)
    const lane = this.#lanes.get(task.key)
    lane?.remove(task)
    if (lane !== undefined) this.#offer(lane)
    this.#ahead.arm(this.#asleep.next)
  }

  /**
   * The task leaves its place for good or for another: call before its area changes. Frees the key
   * that it holds as a failed head.
   */
  leave(batch: Batch, task: Task): void {
    if (task.key === undefined) return
    const lane = this.#lanes.ifAny(task.key)
    if (lane === undefined) return
    const resident = this.#residents.get(task.seq) === task
    if (task.area === 'waiting' && resident) lane.read -= 1
    if (lane.heldBy === task.seq) {
      lane.heldBy = 0
      lane.dead = false
    }
    this.#lanes.record(batch, lane)
    if (lane.mustRead && this.#active) this.#lanes.keep(lane)
    this.#offer(lane)
  }

  /**
   * The failed head of a key keeps its turn: until it runs again, or for good when it is dead. Call
   * before its area changes, instead of `leave`.
   */
  hold(batch: Batch, task: Task, dead: boolean): void {
    if (task.key === undefined) return
    const lane = this.#lanes.ifAny(task.key) ?? new Lane(task.key, undefined)
    if (task.area === 'waiting' && this.#residents.get(task.seq) === task) lane.read -= 1
    lane.heldBy = task.seq
    lane.dead = dead
    this.#lanes.record(batch, lane)
  }

  /** Whether the task holds its key as a failed head. */
  holds(task: Task): boolean {
    return task.key !== undefined && this.#lanes.ifAny(task.key)?.heldBy === task.seq
  }

  /** The priority of a task with a key has changed. */
  reprioritize(task: Task): void {
    const lane = this.#lanes.get(task.key)
    lane?.rank()
    if (lane !== undefined) this.#offer(lane)
  }

  /** Nothing of a key starts any more, until it may again. */
  setKeyPaused(batch: Batch, key: string, paused: boolean): void {
    const lane = this.#lanes.ifAny(key) ?? new Lane(key, undefined)
    lane.paused = paused
    this.#lanes.record(batch, lane)
    if (lane.mustRead && this.#active) this.#lanes.keep(lane)
    this.#offer(lane)
  }

  /** No due task of the queue stands before this time. */
  lowest(): number {
    return this.#residents.lowest(this.#ahead.mark.at)
  }

  /** Whether nothing can start until time passes or something is scheduled. */
  quiet(now: number): boolean {
    if (this.#running > 0 || !this.#active || this.queue.paused) return this.#running === 0
    return this.#front.resting || (this.#ready.size === 0 && this.#ahead.quiet(now))
  }

  #take(now: number): Task | undefined {
    if (!this.hasReady) return undefined
    for (let item = this.#ready.shift(); item !== undefined; item = this.#ready.shift()) {
      const task = item instanceof Lane ? this.#takeFrom(item, this.#ready.level, now) : item
      if (task === undefined || task.stage !== 'ready') continue
      this.#ahead.forget()
      if (task.at > now) {
        this.#residents.delete(task.seq) // the clock was stepped back: it is no longer due
        this.#add(task, now)
        continue
      }
      task.stage = 'starting'
      this.#running += 1
      this.#front.began(this)
      return task
    }
    return undefined
  }

  #takeFrom(lane: Lane, level: number, now: number): Task | undefined {
    // It was listed again since, at a higher priority.
    if (lane.listedAt !== level) return undefined
    lane.listedAt = undefined
    if (lane.mustRead) this.#overflow.readWaiting(lane)
    const task = lane.next()
    if (task === undefined) {
      this.#offer(lane)
      return undefined
    }
    if (task.at > now) {
      this.#asleep.add(lane, task.at)
      this.#ahead.arm(this.#asleep.next)
      return undefined
    }
    if (task.area === 'waiting' && !this.#ahead.passed({ at: task.order, seq: task.seq })) {
      this.#asleep.addBehind(lane)
      return undefined
    }
    lane.remove(task)
    lane.running = task
    return task
  }

  #add(task: Task, now: number): void {
    this.#residents.set(task.seq, task)
    if (task.at > now && task.area === 'due') {
      this.#ahead.hold(task)
      return
    }
    task.stage = 'ready'
    this.#ahead.count(task)
    if (task.key === undefined) {
      this.#list(task, task.priority)
      return
    }
    const lane = this.#lanes.of(task.key)
    if (task.area === 'waiting') lane.read += 1
    lane.insert(task)
    const stuck = lane.paused || (lane.heldBy !== 0 && lane.heldBy !== task.seq)
    if (stuck && lane.unread !== undefined) this.#overflow.spill(lane, 0)
    this.#offer(lane)
  }

  #list(item: Task | Lane, priority: number): void {
    this.#ready.push(item, priority)
    this.#front.offer(this)
  }

  /** Lists a lane that can start something; lets go of one that memory need not hold. */
  #offer(lane: Lane): void {
    const { priority, listedAt } = lane
    if ((listedAt !== undefined && listedAt >= priority) || !this.#lanes.holds(lane)) return
    if (lane.mustRead || lane.next() !== undefined) {
      lane.listedAt = priority
      this.#list(lane, priority)
    } else if (lane.empty) {
      this.#lanes.release(lane)
    }
  }

  /** Forgets the tasks from a position on: they are safe in the order of time. */
  #drop(from: Position): void {
    const keys = new Set<string>()
    for (const task of this.#residents.unstarted()) {
      if (comparePositions(task, from) < 0) continue
      this.#forget(task)
      if (task.key !== undefined) keys.add(task.key)
    }
    for (const key of keys) {
      const lane = this.#lanes.get(key)
      lane?.retain((task) => task.stage === 'ready')
      if (lane !== undefined) this.#offer(lane)
    }
  }

  /** Memory lets go of a task that has not started; whoever still lists it sees its stage. */
  #forget(task: Task): void {
    this.#residents.delete(task.seq)
    task.stage = 'stored'
    this.#ahead.forget()
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#parts.onError(error, `queue ${this.queue.name}`)
      this.#restart()
    }
  }

  /** Keeps what runs, drops the rest, and after a while reads the store again. */
  #restart(): void {
    this.stop()
    this.#ready.clear()
    this.#asleep.clear()
    this.#lanes.clear()
    for (const task of this.#residents.values()) {
      if (!task.started) this.#forget(task)
    }
    this.#ahead.reset()
    this.#parts.clock.setTimer(() => this.#guard(() => this.#rebuild()), RESTART_MS)
  }

  #rebuild(): void {
    if (this.#parts.stopped(this.queue)) return
    for (const task of this.#residents.values()) {
      if (task.key === undefined || task.stage === 'finishing') continue
      const lane = this.#lanes.of(task.key)
      lane.running = task
      if (task.area === 'waiting') lane.read += 1
    }
    this.start()
  }
}
