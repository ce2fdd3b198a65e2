import type { Batch, Store } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import type { ChildOutcome } from '../flow/flow-table.ts'
import type { Partition } from '../partition/partition.ts'
import type { Task } from '../task/task.ts'
import type { RunContext, TaskInfo } from './handler.ts'
import type { ResolvedHandler } from './handler-registry.ts'

/** `aborting`: its signal is aborted, and it has a little time left to end. */
export type RunStage = 'starting' | 'running' | 'aborting' | 'settled'

/** One attempt at a task, from being chosen to being given a result or given up. */
export class Run {
  readonly task: Task
  readonly partition: Partition
  readonly handler: ResolvedHandler
  readonly slot: number
  readonly fence: number
  /** 1 for the first; interrupted runs do not count. */
  readonly attempt: number
  stage: RunStage = 'starting'
  startedAt = 0
  /** Monotonic time at which it is aborted, or when aborting, given up. */
  deadline: number = Number.POSITIVE_INFINITY
  /** Why its signal was aborted. */
  reason: unknown
  progress: unknown
  batch: Batch | undefined
  #controller: AbortController | undefined

  constructor(
    task: Task,
    partition: Partition,
    handler: ResolvedHandler,
    slot: number,
    fence: number,
  ) {
    this.task = task
    this.partition = partition
    this.handler = handler
    this.slot = slot
    this.fence = fence
    this.attempt = task.attempts + 1
  }

  /** Made when first asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.reason !== undefined) this.#controller.abort(this.reason)
    }
    return this.#controller.signal
  }

  get timeoutMs(): number {
    return this.task.overrides?.timeoutMs ?? this.handler.timeoutMs
  }

  abort(reason: SchedulerError): void {
    this.stage = 'aborting'
    this.reason = reason
    this.#controller?.abort(reason)
  }
}

/** What a context asks of the runner. */
export interface RunHost {
  /** Absent where the scheduler's tasks are not in a store that handlers could share. */
  readonly store: Store | undefined
  beat(run: Run): void
  progress(run: Run): void
  childrenOf(task: Task): Readonly<Record<string, ChildOutcome>>
}

/** The context of one run. Its methods do nothing once the run is over. */
export class Context implements RunContext {
  readonly #run: Run
  readonly #host: RunHost
  #info: TaskInfo | undefined

  constructor(run: Run, host: RunHost) {
    this.#run = run
    this.#host = host
  }

  get task(): TaskInfo {
    this.#info ??= infoOf(this.#run.task)
    return this.#info
  }

  get attempt(): number {
    return this.#run.attempt
  }

  get fence(): number {
    return this.#run.fence
  }

  get signal(): AbortSignal {
    return this.#run.signal
  }

  heartbeat(progress?: unknown): void {
    const run = this.#run
    if (run.stage !== 'running') return
    this.#host.beat(run)
    if (progress === undefined) return
    run.progress = progress
    this.#host.progress(run)
  }

  children(): Readonly<Record<string, ChildOutcome>> {
    return this.#host.childrenOf(this.#run.task)
  }

  batch(): Batch {
    const run = this.#run
    if (run.stage === 'settled') {
      throw new SchedulerError('RUN_OVER', 'the run is over: its batch is no longer written', {
        taskId: run.task.id,
      })
    }
    const { store } = this.#host
    if (store === undefined) {
      const message = 'a cluster has no store that a handler could write to: see context.fence'
      throw new SchedulerError('UNSUPPORTED', message, { taskId: run.task.id })
    }
    run.batch ??= store.batch()
    return run.batch
  }
}

function infoOf(task: Task): TaskInfo {
  return Object.freeze({
    id: task.id,
    queue: task.queue.name,
    key: task.key,
    tenant: task.queue.tenant || undefined,
    uniqueKey: task.uniqueKey,
    scheduleId: task.scheduleId,
    handler: task.handler,
    version: task.version,
    dueAt: task.order,
    createdAt: task.createdAt,
    traceparent: task.traceparent,
  })
}
