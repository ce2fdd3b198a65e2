import type { Clock, Timer } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import type { ChildOutcome } from '../flow/flow-table.ts'
import type { Flows } from '../flow/flows.ts'
import type { Observer } from '../observe/events.ts'
import type { Meters } from '../observe/metrics.ts'
import type { Tracing } from '../observe/tracing.ts'
import { Fifo } from '../partition/fifo.ts'
import type { Front } from '../partition/front.ts'
import type { Partition } from '../partition/partition.ts'
import type { Journal } from '../storage/journal.ts'
import type { Queue } from '../storage/queue.ts'
import type { Sequence } from '../storage/sequence.ts'
import type { Task } from '../task/task.ts'
import { eventOf } from './event-of.ts'
import type { HandlerRegistry, ResolvedHandler } from './handler-registry.ts'
import { Context, Run, type RunHost } from './run.ts'
import type { Settlement } from './settlement.ts'
import type { Slots } from './slots.ts'

export interface RunnerParts {
  readonly clock: Clock
  /** That of `context.batch()`, where there is one. */
  readonly store: Store | undefined
  readonly journal: Journal
  readonly sequence: Sequence
  readonly slots: Slots
  readonly registry: HandlerRegistry
  readonly settlement: Settlement
  readonly flows: Flows
  readonly observer: Observer
  readonly meters: Meters
  readonly tracing: Tracing | undefined
  /** What a run has after its signal was aborted, before it is given up. */
  readonly abortGraceMs: number
  readonly partitionOf: (queue: Queue) => Partition
  /** A run has ended, and what became of it is handed to the store. */
  readonly onEnded: () => void
}

/**
 * Calls handlers: as many at a time as there are slots, turn by turn over the queues that have
 * something to run. Each start is stored before its handler is called. A handler that throws or
 * rejects fails its own task; one that hangs is aborted, then given up, and its slot is used again.
 */
export class Runner implements RunHost {
  readonly store: Store | undefined
  readonly #parts: RunnerParts
  readonly #ring = new Fifo<Front>()
  readonly #runs = new Set<Run>()
  #state: 'running' | 'draining' | 'stopped' = 'running'
  readonly #wake = (): void => this.#request()
  #requested = false
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.store = parts.store
  }

  get running(): number {
    return this.#runs.size
  }

  runOf(task: Task): Run | undefined {
    for (const run of this.#runs) if (run.task === task) return run
    return undefined
  }

  /** Runs of tasks that the store holds behind their key. */
  waitingOf(queue: Queue): number {
    let count = 0
    for (const { task } of this.#runs) {
      if (task.queue === queue && task.area === 'waiting') count += 1
    }
    return count
  }

  runs(): IterableIterator<Run> {
    return this.#runs.values()
  }

  /** The queue may have something to start. */
  enlist(front: Front): void {
    if (front.enlisted || !front.hasReady) return
    front.enlisted = true
    this.#ring.push(front)
    this.#request()
  }

  /** Starts what can start now. */
  dispatch(): void {
    if (this.#state !== 'running') return
    const now = this.#parts.clock.now()
    const { slots } = this.#parts
    while (slots.free > 0) {
      const front = this.#ring.shift()
      if (front === undefined) break
      front.enlisted = false
      const task = front.take(now)
      if (task === undefined) continue
      this.#start(task)
      this.enlist(front)
    }
    slots.share(this.#wake, this.#ring.size > 0)
  }

  /** Starts nothing more; what runs goes on. */
  drain(): void {
    if (this.#state === 'running') this.#state = 'draining'
  }

  /** Aborts every run: what does not end soon is left for the next opening of the store. */
  abortAll(reason: SchedulerError): void {
    this.#state = 'stopped'
    for (const run of this.#runs) {
      if (run.stage === 'running') this.#abort(run, reason)
    }
  }

  /** Forgets every run, recording nothing: their tasks run again when the store is opened. */
  stop(): void {
    this.#state = 'stopped'
    this.#timer?.cancel()
    this.#timer = undefined
    const { slots } = this.#parts
    for (const run of this.#runs) {
      run.stage = 'settled'
      slots.release(run.slot)
    }
    this.#runs.clear()
    slots.leave(this.#wake)
  }

  beat(run: Run): void {
    run.deadline = this.#parts.clock.monotonic() + run.timeoutMs
  }

  progress(run: Run): void {
    const { task, attempt, progress } = run
    this.#parts.observer.tell('onProgress', { ...eventOf(task), attempt, progress })
  }

  childrenOf(task: Task): Readonly<Record<string, ChildOutcome>> {
    return task.onChildFailed === undefined ? {} : this.#parts.flows.outcomesOf(task)
  }

  #request(): void {
    if (this.#requested) return
    this.#requested = true
    queueMicrotask(() => {
      this.#requested = false
      this.dispatch()
    })
  }

  #start(task: Task): void {
    const { slots, registry, journal, sequence, partitionOf } = this.#parts
    const slot = slots.take()
    if (slot === undefined) throw new RangeError('a run was started without a free slot')
    const handler = registry.find(task.handler) ?? absent(task.handler)
    const run = new Run(task, partitionOf(task.queue), handler, slot, sequence.next())
    this.#runs.add(run)
    slots.mark(journal.begin(), run)
    journal.onAcknowledged(() => this.#begin(run))
  }

  #begin(run: Run): void {
    const { clock, slots, meters, observer } = this.#parts
    const { task, partition } = run
    const now = clock.now()
    if (run.stage !== 'starting') return
    if (this.#state !== 'running' || now < task.at) {
      this.#runs.delete(run)
      run.stage = 'settled'
      slots.release(run.slot)
      partition.untake(task)
      return
    }
    run.stage = 'running'
    task.stage = 'running'
    run.startedAt = clock.monotonic()
    run.deadline = run.startedAt + run.timeoutMs
    this.#arm(run.deadline)
    meters.started += 1
    meters.lag.record(now - task.at)
    if (observer.wants('onStarted')) {
      const { attempt, fence } = run
      observer.tell('onStarted', { ...eventOf(task), attempt, fence, lagMs: now - task.at })
    }
    try {
      const value = this.#call(run, now - task.at)
      if (isThenable(value)) this.#follow(run, value)
      else this.#complete(run, value)
    } catch (error) {
      this.#fail(run, error)
    }
  }

  #call(run: Run, lagMs: number): unknown {
    const { registry, tracing } = this.#parts
    const { handler, task, attempt } = run
    const context = new Context(run, this)
    const call = (): unknown => handler.run(registry.payloadFor(handler, task), context)
    return tracing === undefined
      ? call()
      : tracing.run({ task: context.task, attempt, lagMs }, call)
  }

  #follow(run: Run, value: PromiseLike<unknown>): void {
    // Promise.resolve also tames thenables that call back twice, throw or never do.
    Promise.resolve(value).then(
      (result) => this.#complete(run, result),
      (error: unknown) => this.#fail(run, error),
    )
  }

  #complete(run: Run, result: unknown): void {
    if (run.stage === 'settled') return
    this.#end(run)
    this.#parts.settlement.complete(run, result)
    this.#parts.onEnded()
  }

  #fail(run: Run, error: unknown): void {
    if (run.stage === 'settled') return
    const closing = this.#state === 'stopped'
    this.#end(run)
    // A run that ends because the scheduler closes has not failed: its task runs again.
    if (closing && run.reason !== undefined) this.#parts.settlement.release(run)
    else this.#parts.settlement.fail(run, run.reason ?? error)
    this.#parts.onEnded()
  }

  #end(run: Run): void {
    const { clock, meters, slots } = this.#parts
    // Asked for first, so that what starts next is stored together with this end.
    this.#request()
    run.stage = 'settled'
    this.#runs.delete(run)
    slots.release(run.slot)
    meters.run.record(clock.monotonic() - run.startedAt)
    run.partition.settled(run.task)
  }

  #abort(run: Run, reason: SchedulerError): void {
    const { clock, abortGraceMs } = this.#parts
    run.deadline = clock.monotonic() + abortGraceMs
    this.#arm(run.deadline)
    try {
      run.abort(reason)
    } catch (error) {
      this.#parts.observer.error(error, `abort listener of task ${run.task.id}`)
    }
  }

  #arm(deadline: number): void {
    if (deadline >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = deadline
    const { clock } = this.#parts
    this.#timer = clock.setTimer(() => this.#expire(), Math.max(0, deadline - clock.monotonic()))
  }

  #expire(): void {
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#parts.clock.monotonic()
    for (const run of this.#runs) {
      if (run.deadline > now) continue
      if (run.stage === 'running') this.#timeOut(run)
      else if (run.stage === 'aborting') this.#abandon(run)
    }
    let next = Number.POSITIVE_INFINITY
    for (const { deadline } of this.#runs) next = Math.min(next, deadline)
    if (next < Number.POSITIVE_INFINITY) this.#arm(next)
  }

  #timeOut(run: Run): void {
    const { meters, observer } = this.#parts
    meters.timedOut += 1
    const { task, attempt, timeoutMs } = run
    observer.tell('onTimedOut', { ...eventOf(task), attempt, timeoutMs })
    const message = `the run took longer than its timeout of ${run.timeoutMs} ms`
    this.#abort(run, new SchedulerError('TASK_TIMEOUT', message, { taskId: run.task.id }))
  }

  #abandon(run: Run): void {
    const { meters, observer } = this.#parts
    const { task, attempt, fence } = run
    meters.abandoned += 1
    observer.tell('onAbandoned', { ...eventOf(task), attempt, fence })
    this.#fail(run, run.reason)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' && typeof value !== 'function') return false
  return value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Stands in for a handler that vanished after its tasks were checked; each run of it fails. */
function absent(name: string): ResolvedHandler {
  return {
    name,
    version: 1,
    run: () => {
      throw new SchedulerError('HANDLER_MISSING', `no handler is named '${name}'`)
    },
    upgrade: {},
    maxAttempts: 10,
    timeoutMs: 1_000,
    retainMs: 0,
    backoff: undefined,
    schema: undefined,
  }
}
