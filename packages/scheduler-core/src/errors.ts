/** Every way in which a scheduler refuses. Codes are stable across majors. */
export type SchedulerErrorCode =
  | 'SCHEDULER_BUSY'
  | 'SCHEDULER_CLOSED'
  | 'SCHEDULER_FAILED'
  | 'SCHEDULER_FORMAT'
  | 'SCHEDULER_OPEN'
  | 'HANDLER_MISSING'
  | 'PAYLOAD_INVALID'
  | 'RUN_OVER'
  | 'TASK_EXISTS'
  | 'TASK_STARTED'
  | 'TASK_FAILED'
  | 'TASK_TIMEOUT'
  | 'NAMESPACE_MISSING'
  | 'OUTCOME_UNKNOWN'
  | 'PARTITION_LOST'
  | 'PARTITION_UNAVAILABLE'
  | 'UNSUPPORTED'

/** Facts that go with a {@link SchedulerError}. */
export interface SchedulerErrorOptions {
  readonly cause?: unknown
  /** The task it is about, where there is one. */
  readonly taskId?: string
}

/**
 * The one error class of this package. Tell cases apart by `code`, never by `message`.
 *
 * Mistakes of the programmer (a bad option, a field of the wrong type) are plain `TypeError` and
 * `RangeError` instead.
 *
 * @example
 * ```ts
 * try {
 *   await scheduler.schedule({ handler: 'invoice', payload, uniqueKey: 'inv-1', onConflict: 'reject' })
 * } catch (error) {
 *   if (!isSchedulerError(error, 'TASK_EXISTS')) throw error
 * }
 * ```
 */
export class SchedulerError extends Error {
  readonly code: SchedulerErrorCode
  readonly taskId: string | undefined

  constructor(code: SchedulerErrorCode, message: string, options: SchedulerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SchedulerError'
    this.code = code
    this.taskId = options.taskId
  }
}

/**
 * Tells whether `error` is a {@link SchedulerError}, and with `code` whether it is that one. Judged
 * by name and code, so that two installed copies of the package recognise each other.
 *
 * @example
 * ```ts
 * if (isSchedulerError(error, 'HANDLER_MISSING')) rollBackTheDeploy(error)
 * ```
 */
export function isSchedulerError(
  error: unknown,
  code?: SchedulerErrorCode,
): error is SchedulerError {
  if (!(error instanceof Error) || error.name !== 'SchedulerError' || !('code' in error)) {
    return false
  }
  return code === undefined || error.code === code
}
