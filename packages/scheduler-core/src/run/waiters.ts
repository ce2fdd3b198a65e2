import { SchedulerError } from '../errors.ts'
import type { Task, TaskFailure } from '../task/task.ts'

/** How a task ended. `unknown`: there is no such task, or it is gone without trace. */
export type TaskOutcome =
  | { readonly state: 'completed'; readonly result: unknown }
  | { readonly state: 'dead'; readonly failure: TaskFailure | undefined }
  | { readonly state: 'cancelled' }
  | { readonly state: 'unknown' }

export interface WaitOptions {
  /** Ends the wait: it rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Calls that wait at one time; more are refused. */
const MAX_WAITERS = 100_000

interface Waiter {
  readonly resolve: (outcome: TaskOutcome) => void
  readonly reject: (reason: unknown) => void
}

/** Those who wait for the end of a task. */
export class Waiters {
  readonly #waiters = new Map<string, Set<Waiter>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  wait(id: string, { signal }: WaitOptions): Promise<TaskOutcome> {
    if (this.#size >= MAX_WAITERS) {
      const message = `${this.#size} calls of waitFor wait already: let some end before making more`
      return Promise.reject(new SchedulerError('SCHEDULER_BUSY', message))
    }
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<TaskOutcome>()
    const waiter = { resolve, reject }
    const others = this.#waiters.get(id) ?? new Set()
    this.#waiters.set(id, others.add(waiter))
    this.#size += 1
    if (signal === undefined) return promise
    const onAbort = (): void => {
      this.#size -= 1
      others.delete(waiter)
      if (others.size === 0) this.#waiters.delete(id)
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => signal.removeEventListener('abort', onAbort))
  }

  /** The end of a task is stored. */
  ended(task: Task, outcome: TaskOutcome): void {
    if (this.#size === 0) return
    const { id } = task
    for (const { resolve } of this.#take(id)) resolve(outcome)
  }

  /** Nothing will end any more. */
  reject(reason: unknown): void {
    for (const id of [...this.#waiters.keys()]) {
      for (const waiter of this.#take(id)) waiter.reject(reason)
    }
  }

  #take(id: string): Iterable<Waiter> {
    const waiters = this.#waiters.get(id) ?? new Set()
    this.#waiters.delete(id)
    this.#size -= waiters.size
    return waiters
  }
}
