import { SchedulerError } from '../errors.ts'
import { eventOf } from '../run/event-of.ts'
import type { TaskReader } from '../storage/task-reader.ts'
import type { Task } from '../task/task.ts'
import type { Bookings, TaskRef } from './bookings.ts'
import type { Kernel } from './kernel.ts'

/** Dead letters that one call brings back. */
const MAX_REDRIVE = 1_000

/** What operators do to tasks whose attempts are used up. */
export class DeadLetters {
  readonly #kernel: Kernel
  readonly #bookings: Bookings
  readonly #reader: TaskReader

  constructor(kernel: Kernel, bookings: Bookings, reader: TaskReader) {
    this.#kernel = kernel
    this.#bookings = bookings
    this.#reader = reader
  }

  /** One dead letter lives again, or none when there is no such one. */
  redrive(ref: TaskRef): number {
    const task = this.#bookings.findDead(ref)
    if (task === undefined) return 0
    const refusal = this.#refusal(task)
    if (refusal !== undefined) throw refusal
    this.#revive(task)
    return 1
  }

  /** The oldest dead letters of a queue live again, except those that cannot. */
  redriveQueue(name: string): number {
    const { directory, journal } = this.#kernel
    const group = directory.group(name)
    if (group === undefined) return 0
    journal.barrier()
    let revived = 0
    for (const queue of group.streams) {
      for (const task of this.#reader.readDead(queue, MAX_REDRIVE - revived)) {
        journal.barrier()
        if (this.#refusal(task) !== undefined) continue
        this.#revive(task)
        revived += 1
      }
    }
    return revived
  }

  /** Forgets a dead letter; a key that it blocked goes on. */
  discard(ref: TaskRef): boolean {
    const task = this.#bookings.findDead(ref)
    if (task === undefined) return false
    this.#bookings.eraseAlone(task)
    this.#kernel.observer.tell('onDiscarded', eventOf(task))
    return true
  }

  #refusal(task: Task): SchedulerError | undefined {
    const { registry, table, options } = this.#kernel
    const refusal = options.run ? registry.refusal(task.handler, task.version) : undefined
    if (refusal !== undefined) {
      return new SchedulerError('HANDLER_MISSING', refusal, { taskId: task.id })
    }
    const { uniqueKey } = task
    if (uniqueKey === undefined || table.findUnique(task.queue, uniqueKey) === undefined) {
      return undefined
    }
    const message = `a live task has uniqueKey '${uniqueKey}': cancel it or discard this one`
    return new SchedulerError('TASK_EXISTS', message, { taskId: task.id })
  }

  /** In its old turn when it still holds its key, else as if scheduled now. */
  #revive(task: Task): void {
    const { journal, table, options, marks, flows, observer } = this.#kernel
    journal.barrier()
    const pending = flows.pendingOf(task)
    const partition = this.#kernel.partitionOf(task.queue)
    const batch = journal.begin()
    const now = Math.ceil(options.clock.now())
    if (partition.holds(task)) partition.hold(batch, task, false)
    else task.order = now
    task.attempts = 0
    task.interruptions = 0
    marks.note(batch, task.handler, task.version)
    if (pending > 0) {
      table.moveToBlocked(batch, task, task.order)
      observer.tell('onRedriven', eventOf(task))
      return
    }
    table.moveToDue(batch, task, task.order)
    partition.admit(task)
    observer.tell('onRedriven', eventOf(task))
  }
}
