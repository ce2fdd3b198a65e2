import type { Batch } from '@ashlar/lsm-store'
import { integer } from '../checks.ts'
import { SchedulerError } from '../errors.ts'
import { traced } from '../observe/tracing.ts'
import { eventOf } from '../run/event-of.ts'
import type { Place } from '../storage/layout.ts'
import type { Queue } from '../storage/queue.ts'
import { formatId, idBytes, parseId } from '../task/id.ts'
import { encodeTask } from '../task/record.ts'
import {
  type CheckedSpec,
  checkSpec,
  type DueSpec,
  streamPriority,
  type TaskSpec,
  timeOf,
} from '../task/spec.ts'
import { MAX_PRIORITY, Task } from '../task/task.ts'
import { type TaskView, viewOf, viewOfResult } from '../task/view.ts'
import type { Kernel } from './kernel.ts'

/** A task by its id, or a live one by its unique key. */
export type TaskRef = string | { readonly queue: string; readonly uniqueKey: string }

/** What became of a call of `schedule`. Only `existing` leaves everything as it was. */
export interface ScheduleResult {
  readonly id: string
  readonly outcome: 'created' | 'existing' | 'replaced' | 'rescheduled'
}

/** `too-late`: it has started, or ended. `unknown`: no such task, or it is gone without trace. */
export type CancelOutcome = 'cancelled' | 'too-late' | 'unknown'
export type RescheduleOutcome = 'rescheduled' | 'too-late' | 'unknown'

/** What to change of a task that has not started. */
export interface TaskEdit {
  /** Of the version that the registered handler takes. */
  readonly payload?: unknown
  readonly priority?: number
}

export type EditOutcome = 'edited' | 'too-late' | 'unknown'

/** A change that is sure to succeed, worked out before anything is touched. */
interface Plan {
  readonly outcome: ScheduleResult['outcome']
  /** The task to insert or to move; `existing`: the one that stays. */
  readonly task: Task
  readonly encoded: Uint8Array | undefined
  /** The task that gives way. */
  readonly victim: Task | undefined
  readonly at: number
}

/** What callers do to tasks that have not started. Each method is one step: nothing interleaves. */
export class Bookings {
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  schedule(spec: TaskSpec): ScheduleResult {
    const { journal, registry, options } = this.#kernel
    const now = options.clock.now()
    const checked = checkSpec(traced(spec, options.tracing), registry, options.run, now)
    if (checked.draft.uniqueKey !== undefined) journal.barrier()
    const plan = this.#plan(checked)
    this.#apply(journal.begin(), plan)
    return this.#done(plan)
  }

  /** All tasks, in one atomic batch, or none. */
  scheduleMany(specs: readonly TaskSpec[]): ScheduleResult[] {
    const { registry, options } = this.#kernel
    const now = options.clock.now()
    return this.book(
      specs.map((spec) => checkSpec(traced(spec, options.tracing), registry, options.run, now)),
    )
  }

  /** Checked tasks, and what else belongs into their batch. `along` must not throw. */
  book(tasks: readonly CheckedSpec[], along?: (batch: Batch) => void): ScheduleResult[] {
    const { journal } = this.#kernel
    journal.barrier()
    const unique = new Set<string>()
    const plans = tasks.map((checked) => {
      const { uniqueKey } = checked.draft
      if (uniqueKey !== undefined) {
        const name = `${checked.queue}\0${uniqueKey}`
        if (unique.has(name)) {
          throw new TypeError(`uniqueKey '${uniqueKey}' appears twice in one scheduleMany`)
        }
        unique.add(name)
      }
      return this.#plan(checked)
    })
    journal.atomically((batch) => {
      for (const plan of plans) this.#apply(batch, plan)
      along?.(batch)
    })
    return plans.map((plan) => this.#done(plan))
  }

  /** Into a batch of the caller's. */
  scheduleInto(batch: Batch, spec: TaskSpec): string {
    const { journal, registry, options, table, directory, marks, prepared, sequence, maintenance } =
      this.#kernel
    if (spec.uniqueKey !== undefined) {
      throw new TypeError('uniqueKey cannot be held in an unwritten batch: use schedule')
    }
    const now = options.clock.now()
    const checked = checkSpec(traced(spec, options.tracing), registry, options.run, now)
    const { queue: name, tenant, at, draft } = checked
    const queue = directory.ensure(name, tenant, streamPriority(draft))
    const task = new Task(queue, sequence.next(), at, draft)
    const encoded = encodeTask(task)
    prepared.add(batch, task)
    table.lowerMark(journal.begin(), task)
    // What the task rests on stands in the log before any batch that the caller writes.
    journal.barrier()
    marks.note(batch, draft.handler, draft.version, false)
    table.insertUncounted(batch, task, encoded)
    maintenance.soon()
    return task.id
  }

  /** Writes a batch with prepared tasks. */
  commit(batch: Batch): Promise<void> {
    const { journal, prepared, runner, maintenance } = this.#kernel
    journal.adopt(batch)
    prepared.count(batch)
    const done = journal.acknowledged()
    journal.barrier()
    prepared.announce(batch)
    maintenance.watchClock()
    runner.dispatch()
    return done
  }

  cancel(ref: TaskRef): CancelOutcome {
    const found = this.#changeable(ref)
    if (typeof found === 'string') return found
    this.eraseAlone(found)
    const { meters, observer } = this.#kernel
    meters.cancelled += 1
    if (observer.wants('onCancelled')) observer.tell('onCancelled', eventOf(found))
    return 'cancelled'
  }

  reschedule(ref: TaskRef, due: DueSpec): RescheduleOutcome {
    const { journal, options, runner, observer } = this.#kernel
    const at = timeOf(due, options.clock.now())
    const found = this.#changeable(ref)
    if (typeof found === 'string') return found
    this.#move(journal.begin(), found, at)
    runner.dispatch()
    if (observer.wants('onRescheduled')) {
      observer.tell('onRescheduled', { ...eventOf(found), dueAt: at })
    }
    return 'rescheduled'
  }

  edit(ref: TaskRef, change: TaskEdit): EditOutcome {
    const { journal, directory, table, marks, meters, observer } = this.#kernel
    const { priority } = change
    if (priority !== undefined) integer('priority', priority, 0, MAX_PRIORITY)
    const found = this.#changeable(ref)
    if (typeof found === 'string') return found
    const edited = this.#edited(found, change)
    encodeTask(edited) // what may be refused is refused before anything is touched
    const { queue } = found
    const target = directory.ensure(queue.name, queue.tenant, streamPriority(edited))
    const partition = this.#kernel.partitionOf(queue)
    const batch = journal.begin()
    meters.edited += 1
    if (observer.wants('onEdited')) observer.tell('onEdited', eventOf(found))
    found.payload = edited.payload
    found.version = edited.version
    found.priority = edited.priority
    marks.note(batch, found.handler, found.version)
    if (target === queue) {
      table.rewrite(batch, found)
      partition.reprioritize(found)
      return 'edited'
    }
    partition.withdraw(found)
    const moved = table.transfer(batch, found, target)
    if (moved.area === 'due') this.#kernel.partitionOf(target).admit(moved)
    return 'edited'
  }

  #edited(task: Task, change: TaskEdit): Task {
    const { registry } = this.#kernel
    const edited = task.copy()
    edited.priority = change.priority ?? task.priority
    if (!('payload' in change)) return edited
    edited.version = registry.find(task.handler)?.version ?? task.version
    edited.payload = change.payload
    registry.checkPayload(edited.handler, edited.version, edited.payload)
    return edited
  }

  get(ref: TaskRef): TaskView | undefined {
    const { runner, results, directory } = this.#kernel
    const place = this.#placeOf(ref)
    if (place === undefined) return undefined
    const task = this.find(place)
    if (task !== undefined) return viewOf(task, runner.runOf(task)?.progress)
    const queue = directory.get(place.queue)
    const stored = queue === undefined ? undefined : results.find(place)
    if (queue === undefined || stored === undefined) return undefined
    return viewOfResult(queue, idBytes(place.queue, place.at, place.seq), stored)
  }

  /** The task at a place, as memory has it or else the store. */
  find(place: Place): Task | undefined {
    const { directory, table } = this.#kernel
    const queue = directory.get(place.queue)
    if (queue === undefined) return undefined
    let task = this.#kernel.partitionOf(queue).resident(place.seq) ?? table.find(queue, place)
    // One that has moved to another stream is in that one's memory.
    if (task !== undefined && task.queue !== queue) {
      task = this.#kernel.partitionOf(task.queue).resident(place.seq) ?? task
    }
    return task?.origin === place.at ? task : undefined
  }

  /** Takes a task that has not started out of store and memory, and tells its flow. */
  eraseAlone(task: Task): void {
    const { flows, journal, maintenance, waiters } = this.#kernel
    const plan = flows.plan(task, { status: 'cancelled' })
    const batch = journal.begin()
    this.erase(batch, task)
    flows.apply(batch, plan)
    flows.announce(plan)
    maintenance.soon()
    if (waiters.size > 0) {
      journal.onAcknowledged(() => waiters.ended(task, { state: 'cancelled' }))
    }
  }

  /** Takes a task without a flow that has not started out of store and memory. */
  erase(batch: Batch, task: Task): void {
    const partition = this.#kernel.partitionOf(task.queue)
    partition.leave(batch, task)
    this.#kernel.table.erase(batch, task)
    partition.withdraw(task)
  }

  /** The id of the task that a reference names, whether it is still there or not. */
  idOf(ref: TaskRef): string | undefined {
    if (typeof ref === 'string') return ref
    const place = this.#placeOf(ref)
    return place === undefined ? undefined : formatId(idBytes(place.queue, place.at, place.seq))
  }

  /** The dead letter that a reference names. */
  findDead(ref: TaskRef): Task | undefined {
    const place = this.#placeOf(ref)
    const task = place === undefined ? undefined : this.find(place)
    return task?.area === 'dead' ? task : undefined
  }

  #changeable(ref: TaskRef): Task | 'too-late' | 'unknown' {
    const place = this.#placeOf(ref)
    if (place === undefined) return 'unknown'
    const task = this.find(place)
    if (task === undefined) {
      return this.#kernel.results.find(place) === undefined ? 'unknown' : 'too-late'
    }
    return task.started || task.area === 'dead' ? 'too-late' : task
  }

  #placeOf(ref: TaskRef): Place | undefined {
    const { journal, directory, table } = this.#kernel
    journal.barrier()
    if (typeof ref === 'string') return parseId(ref)
    const group = directory.group(ref.queue)
    return group === undefined ? undefined : table.findUnique(group.base, ref.uniqueKey)
  }

  #plan({ queue: name, tenant, at, onConflict, draft }: CheckedSpec): Plan {
    const { directory, sequence } = this.#kernel
    const queue = directory.ensure(name, tenant, streamPriority(draft))
    const holder = draft.uniqueKey === undefined ? undefined : this.#live(queue, draft.uniqueKey)
    if (holder !== undefined) {
      if (onConflict === 'reject') {
        throw conflict('TASK_EXISTS', `a live task has uniqueKey '${draft.uniqueKey}'`, holder)
      }
      if (onConflict === 'ignore') {
        return { outcome: 'existing', task: holder, encoded: undefined, victim: undefined, at }
      }
      if (holder.started) {
        const message = `the task with uniqueKey '${draft.uniqueKey}' has started: schedule it after`
        throw conflict('TASK_STARTED', message, holder)
      }
      if (onConflict === 'reschedule') {
        return { outcome: 'rescheduled', task: holder, encoded: undefined, victim: undefined, at }
      }
    }
    const task = new Task(queue, sequence.next(), at, draft)
    const encoded = encodeTask(task)
    const outcome = holder === undefined ? 'created' : 'replaced'
    return { outcome, task, encoded, victim: holder, at }
  }

  #apply(batch: Batch, { outcome, task, encoded, victim, at }: Plan): void {
    const { table, marks, meters } = this.#kernel
    if (victim !== undefined) this.erase(batch, victim)
    if (encoded !== undefined) {
      meters.scheduled += 1
      marks.note(batch, task.handler, task.version)
      table.insert(batch, task, encoded)
    } else if (outcome === 'rescheduled') {
      this.#move(batch, task, at)
    }
  }

  /** After the batch is complete: memory learns of it. */
  #done({ outcome, task, encoded, at: dueAt }: Plan): ScheduleResult {
    const { observer } = this.#kernel
    if (outcome !== 'existing' && observer.wants('onScheduled')) {
      observer.tell('onScheduled', { ...eventOf(task), dueAt, outcome })
    }
    if (encoded !== undefined) {
      this.#kernel.maintenance.watchClock()
      this.#kernel.partitionOf(task.queue).admit(task)
    }
    return { id: task.id, outcome }
  }

  #move(batch: Batch, task: Task, at: number): void {
    const { table, meters } = this.#kernel
    const partition = this.#kernel.partitionOf(task.queue)
    meters.rescheduled += 1
    const moved = task.copy()
    // A failed head keeps its turn and its key: only its next attempt moves.
    if (!partition.holds(task)) {
      partition.leave(batch, task)
      moved.order = at
    }
    partition.withdraw(task)
    if (moved.area === 'blocked') {
      table.moveToBlocked(batch, moved, at)
      return
    }
    table.moveToDue(batch, moved, at)
    partition.admit(moved)
  }

  #live(queue: Queue, uniqueKey: string): Task | undefined {
    const place = this.#kernel.table.findUnique(queue, uniqueKey)
    return place === undefined ? undefined : this.find(place)
  }
}

function conflict(code: 'TASK_EXISTS' | 'TASK_STARTED', message: string, task: Task): Error {
  return new SchedulerError(code, message, { taskId: task.id })
}
