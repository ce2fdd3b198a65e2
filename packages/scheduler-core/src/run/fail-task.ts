import { SchedulerError } from '../errors.ts'

/** What is to become of a task whose handler gives up. */
export interface FailTaskOptions {
  /** `false`: no further attempt, the task is dead. Default `true`. */
  readonly retry?: boolean
  /** The wait before the next attempt, instead of the backoff. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** The error that {@link failTask} makes. */
export interface TaskFailedError extends SchedulerError {
  readonly retry: boolean
  readonly retryAfterMs: number | undefined
}

/**
 * Makes an error for a handler to throw that says what is to become of the task: dead at once, or
 * run again after a given time. Any other error is retried by the task's backoff.
 *
 * @example
 * ```ts
 * if (response.status === 410) throw failTask('the address is gone', { retry: false })
 * if (response.status === 429) throw failTask('slow down', { retryAfterMs: 30_000 })
 * ```
 */
export function failTask(message: string, options: FailTaskOptions = {}): TaskFailedError {
  const { retry = true, retryAfterMs, cause } = options
  if (retryAfterMs !== undefined && !(retryAfterMs >= 0 && Number.isFinite(retryAfterMs))) {
    throw new RangeError('retryAfterMs must be a finite number, 0 or more')
  }
  const error = new SchedulerError('TASK_FAILED', message, { cause })
  return Object.assign(error, { retry, retryAfterMs })
}
