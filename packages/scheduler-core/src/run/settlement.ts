import type { Clock, Random } from '@ashlar/codec'
import type { Batch } from '@ashlar/lsm-store'
import type { Flows } from '../flow/flows.ts'
import type { Observer, TaskDied } from '../observe/events.ts'
import type { Meters } from '../observe/metrics.ts'
import type { Partition } from '../partition/partition.ts'
import type { Prepared } from '../scheduler/prepared.ts'
import type { Journal } from '../storage/journal.ts'
import { MAX_TIME } from '../storage/layout.ts'
import { expiryOf, type ResultTable } from '../storage/result-table.ts'
import type { TaskTable } from '../storage/task-table.ts'
import type { Task, TaskFailure } from '../task/task.ts'
import { backoffMs, resolveBackoff } from './backoff.ts'
import { eventOf } from './event-of.ts'
import type { Run } from './run.ts'
import type { Slots } from './slots.ts'
import type { Waiters } from './waiters.ts'

/** No stored error message is longer. */
const MAX_MESSAGE_LENGTH = 1_000

/** No handler's own batch is larger. */
const MAX_OWN_BATCH_BYTES = 64 * 1024 * 1024

export interface SettlementParts {
  readonly clock: Clock
  readonly random: Random
  readonly journal: Journal
  readonly table: TaskTable
  readonly results: ResultTable
  readonly slots: Slots
  readonly observer: Observer
  readonly meters: Meters
  readonly prepared: Prepared
  readonly flows: Flows
  readonly waiters: Waiters
  /** A result is kept until then. */
  readonly onRetained: (expiresAt: number) => void
}

/** Writes down what became of a run, and then lets its key go on. */
export class Settlement {
  readonly #parts: SettlementParts

  constructor(parts: SettlementParts) {
    this.#parts = parts
  }

  /** The handler returned: the task is done, and its own batch is written with that. */
  complete(run: Run, result: unknown): void {
    const { task, partition } = run
    const { clock, journal, table, observer, meters, prepared, flows, waiters } = this.#parts
    const own = run.batch
    if (own !== undefined && own.byteLength > MAX_OWN_BATCH_BYTES) {
      this.fail(run, new RangeError(`context.batch() holds more than ${MAX_OWN_BATCH_BYTES} bytes`))
      return
    }
    meters.completed += 1
    const plan = flows.plan(task, { status: 'completed', result })
    if (own !== undefined) {
      journal.adopt(own)
      prepared.count(own)
    }
    const batch = own ?? journal.begin()
    partition.leave(batch, task)
    table.erase(batch, task)
    const retainMs = task.overrides?.retainMs ?? run.handler.retainMs
    if (retainMs > 0) this.#retain(batch, task, result, retainMs)
    flows.apply(batch, plan)
    partition.vacated(task)
    journal.onAcknowledged(() => {
      partition.released(task)
      if (waiters.size > 0) waiters.ended(task, { state: 'completed', result })
    })
    flows.announce(plan)
    if (own !== undefined) {
      journal.barrier()
      prepared.announce(own)
    }
    if (observer.wants('onCompleted')) {
      const runMs = clock.monotonic() - run.startedAt
      observer.tell('onCompleted', { ...eventOf(task), attempt: run.attempt, runMs })
    }
  }

  /** The handler failed: the task runs again later, or is dead. */
  fail(run: Run, error: unknown): void {
    const { task, handler, attempt } = run
    const { clock, meters, random, observer } = this.#parts
    meters.failed += 1
    if (run.batch !== undefined) this.#parts.prepared.abandon(run.batch)
    const now = clock.now()
    const { retry, retryAfterMs } = wishesOf(error)
    const spent = attempt >= (task.overrides?.maxAttempts ?? handler.maxAttempts)
    task.attempts = attempt
    task.failure = describe(error, now)
    let retryAt: number | undefined
    if (retry && !spent) {
      const backoff = resolveBackoff(handler.backoff, task.overrides?.backoff)
      const waitMs = retryAfterMs ?? backoffMs(backoff, attempt, random)
      retryAt = Math.min(MAX_TIME, Math.ceil(now + waitMs))
    }
    observer.tell('onFailed', { ...eventOf(task), attempt, error, retryAt })
    if (retryAt === undefined) this.#die(run, spent ? 'attempts' : 'refused')
    else this.#retry(run, retryAt)
  }

  /** The scheduler closed around the run: the task stays as it is, and will run again. */
  release(run: Run): void {
    const { journal, slots } = this.#parts
    if (run.batch !== undefined) this.#parts.prepared.abandon(run.batch)
    slots.clear(journal.begin(), run.slot)
    run.partition.vacated(run.task)
    journal.onAcknowledged(() => run.partition.released(run.task))
  }

  /**
   * Puts a task that has failed among the dead letters. With policy `block` it keeps its key. Begins
   * a batch of the journal, and returns it.
   */
  bury(partition: Partition, task: Task, reason: TaskDied['reason']): Batch {
    const { clock, table, observer, meters, flows, journal } = this.#parts
    meters.died += 1
    const failure = task.failure ?? { name: 'Error', message: 'it failed', at: clock.now() }
    const plan = flows.plan(task, { status: 'failed', failure })
    const batch = journal.begin()
    if (partition.settings.onFailedHead === 'block') partition.hold(batch, task, true)
    else partition.leave(batch, task)
    table.moveToDead(batch, task, clock.now())
    flows.apply(batch, plan)
    flows.announce(plan)
    observer.tell('onDied', { ...eventOf(task), attempts: task.attempts, reason })
    this.dead(task)
    return batch
  }

  /** Tells those who wait for a task, when its death is stored. */
  dead(task: Task): void {
    const { journal, waiters } = this.#parts
    const { failure } = task
    if (waiters.size === 0) return
    journal.onAcknowledged(() => waiters.ended(task, { state: 'dead', failure }))
  }

  #retry(run: Run, retryAt: number): void {
    const { task, partition } = run
    const { journal, table, meters } = this.#parts
    meters.retried += 1
    const batch = journal.begin()
    const inTurn = task.key !== undefined && partition.settings.onFailedHead !== 'park'
    if (inTurn) partition.hold(batch, task, false)
    else {
      partition.leave(batch, task)
      task.order = retryAt
    }
    table.moveToDue(batch, task, retryAt)
    partition.vacated(task)
    journal.onAcknowledged(() => partition.released(task))
  }

  #die(run: Run, reason: TaskDied['reason']): void {
    const { task, partition } = run
    this.bury(partition, task, reason)
    partition.vacated(task)
    this.#parts.journal.onAcknowledged(() => partition.released(task))
  }

  #retain(batch: Batch, task: Task, result: unknown, retainMs: number): void {
    const { clock, results, onRetained } = this.#parts
    const now = clock.now()
    const encoded = this.#encodeResult(task, result, now, retainMs)
    if (encoded === undefined) return
    const expiresAt = expiryOf(now, retainMs)
    results.put(batch, task, encoded, expiresAt)
    onRetained(expiresAt)
  }

  #encodeResult(
    task: Task,
    result: unknown,
    finishedAt: number,
    retainMs: number,
  ): Uint8Array | undefined {
    const { results, observer } = this.#parts
    try {
      return results.encode(task, result, finishedAt, retainMs)
    } catch (error) {
      observer.error(error, `result of task ${task.id}`)
    }
    try {
      return results.encode(task, undefined, finishedAt, retainMs)
    } catch (error) {
      observer.error(error, `record of task ${task.id}`)
      return undefined
    }
  }
}

function wishesOf(error: unknown): { retry: boolean; retryAfterMs: number | undefined } {
  const { retry, retryAfterMs } = Object(error) as { retry?: unknown; retryAfterMs?: unknown }
  return {
    retry: retry !== false,
    retryAfterMs:
      typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) && retryAfterMs >= 0
        ? retryAfterMs
        : undefined,
  }
}

/** What is stored of a thrown value, whatever was thrown. */
function describe(error: unknown, at: number): TaskFailure {
  try {
    if (error instanceof Error) {
      const { name, message } = error
      const code = (error as { code?: unknown }).code
      const base = { name: String(name), message: String(message).slice(0, MAX_MESSAGE_LENGTH), at }
      return typeof code === 'string' ? { ...base, code } : base
    }
    return { name: 'thrown', message: String(error).slice(0, MAX_MESSAGE_LENGTH), at }
  } catch {
    return { name: 'thrown', message: 'a value that cannot be shown', at }
  }
}
