import type { Clock } from '@ashlar/codec'
import type { Batch } from '@ashlar/lsm-store'
import type { Observer } from '../observe/events.ts'
import type { Meters } from '../observe/metrics.ts'
import type { Partition } from '../partition/partition.ts'
import { eventOf } from '../run/event-of.ts'
import type { Journal } from '../storage/journal.ts'
import { readPlace } from '../storage/layout.ts'
import type { Queue } from '../storage/queue.ts'
import type { QueueDirectory } from '../storage/queue-directory.ts'
import type { TaskTable } from '../storage/task-table.ts'
import type { Task, TaskFailure } from '../task/task.ts'
import type { ChildOutcome, FlowTable } from './flow-table.ts'

export interface FlowParts {
  readonly clock: Clock
  readonly journal: Journal
  readonly table: TaskTable
  readonly links: FlowTable
  readonly directory: QueueDirectory
  readonly observer: Observer
  readonly meters: Meters
  readonly partitionOf: (queue: Queue) => Partition
  /** A parent is dead, for good until it is redriven. */
  readonly onDead: (task: Task) => void
}

/** What the end of a child does to one parent. */
interface Step {
  readonly parent: Task
  readonly outcomes: [child: string, encoded: Uint8Array][]
  pending: number
  failure: TaskFailure | undefined
}

/** What the end of a task does to its flow, worked out before the batch that it goes into begins. */
export interface FlowPlan {
  readonly steps: readonly Step[]
  /** Entries of the task's own, as a parent, that are no longer needed. */
  readonly obsolete: readonly Uint8Array[]
  /** Parents that are free to go. */
  readonly released: Task[]
}

/**
 * Parents that wait for children. The end of a child, what its parents are told of it, and what
 * becomes of them is one batch: a crash finds a flow between two steps, never within one.
 */
export class Flows {
  readonly #parts: FlowParts

  constructor(parts: FlowParts) {
    this.#parts = parts
  }

  /**
   * Call before the batch begins in which the task ends: this reads the store. `undefined` for a
   * task without a flow, which is most.
   */
  plan(task: Task, outcome: ChildOutcome): FlowPlan | undefined {
    if (task.parents === undefined && task.onChildFailed === undefined) return undefined
    const { journal, links } = this.#parts
    journal.barrier()
    const steps = new Map<number, Step>()
    const ended: [Task, ChildOutcome][] = [[task, outcome]]
    for (let next = ended.pop(); next !== undefined; next = ended.pop()) {
      this.#tell(next[0], next[1], steps, ended)
    }
    const over = outcome.status !== 'failed' && task.onChildFailed !== undefined
    const obsolete = over ? links.keysOf(task.place) : []
    return { steps: [...steps.values()], obsolete, released: [] }
  }

  /** Into the batch in which the task ends. */
  apply(batch: Batch, plan: FlowPlan | undefined): void {
    if (plan === undefined) return
    const { clock, table, links } = this.#parts
    const now = Math.ceil(clock.now())
    for (const key of plan.obsolete) batch.delete(key)
    for (const { parent, outcomes, pending, failure } of plan.steps) {
      for (const [child, encoded] of outcomes) {
        links.writeOutcome(batch, parent.place, child, encoded)
      }
      links.writePending(batch, parent.place, pending)
      if (parent.area !== 'blocked') continue
      if (failure !== undefined) this.#bury(batch, parent, failure, now)
      else if (pending <= 0) {
        parent.order = Math.max(parent.order, now)
        table.moveToDue(batch, parent, parent.order)
        plan.released.push(parent)
      }
    }
  }

  /** After the batch is complete: memory learns of parents that are free. */
  announce(plan: FlowPlan | undefined): void {
    if (plan === undefined) return
    for (const parent of plan.released) this.#parts.partitionOf(parent.queue).admit(parent)
  }

  outcomesOf(parent: Task): Record<string, ChildOutcome> {
    return this.#parts.links.outcomes(parent.place)
  }

  /** Children of a task that have not ended. */
  pendingOf(parent: Task): number {
    return parent.onChildFailed === undefined ? 0 : this.#parts.links.pending(parent.place)
  }

  /** Works out what the end of one task means to each of its parents. */
  #tell(
    child: Task,
    outcome: ChildOutcome,
    steps: Map<number, Step>,
    ended: [Task, ChildOutcome][],
  ) {
    const { parents } = child
    if (parents === undefined) return
    const { name } = parents
    const kept: Uint8Array[] = []
    for (const id of parents.ids) {
      const step = this.#stepOf(id, steps)
      if (step === undefined) continue
      const policy = step.parent.onChildFailed
      const failed = outcome.status === 'failed'
      if (failed && policy !== 'ignore') kept.push(id)
      else {
        step.outcomes.push([name, this.#encode(child, outcome)])
        step.pending -= 1
      }
      const fatal = outcome.status !== 'completed' && policy === 'fail'
      if (!fatal || step.failure !== undefined || step.parent.area !== 'blocked') continue
      step.failure = failureOf(child, name, outcome, this.#parts.clock.now())
      ended.push([step.parent, { status: 'failed', failure: step.failure }])
    }
    // A dead child that comes back to life tells those again that still wait for it.
    child.parents = kept.length === 0 ? undefined : { name, ids: kept }
  }

  #stepOf(id: Uint8Array, steps: Map<number, Step>): Step | undefined {
    const { table, directory, links } = this.#parts
    const place = readPlace(id, 0)
    const known = steps.get(place.seq)
    if (known !== undefined) return known
    const queue = directory.get(place.queue)
    const parent = queue === undefined ? undefined : table.find(queue, place)
    if (parent === undefined) return undefined
    const step: Step = { parent, outcomes: [], pending: links.pending(place), failure: undefined }
    steps.set(place.seq, step)
    return step
  }

  #encode(child: Task, outcome: ChildOutcome): Uint8Array {
    const { links, observer } = this.#parts
    try {
      return links.encode(outcome)
    } catch (error) {
      observer.error(error, `result of task ${child.id}`)
      return links.encode({ status: 'completed', result: undefined })
    }
  }

  #bury(batch: Batch, parent: Task, failure: TaskFailure, now: number): void {
    const { table, observer, meters, onDead } = this.#parts
    parent.failure = failure
    meters.died += 1
    table.moveToDead(batch, parent, now)
    observer.tell('onDied', { ...eventOf(parent), attempts: parent.attempts, reason: 'child' })
    onDead(parent)
  }
}

function failureOf(child: Task, name: string, outcome: ChildOutcome, at: number): TaskFailure {
  const why = outcome.status === 'failed' ? outcome.failure.message : 'it was cancelled'
  return {
    name: 'ChildFailed',
    message: `child '${name}' (${child.id}): ${why}`.slice(0, 1_000),
    at,
  }
}
