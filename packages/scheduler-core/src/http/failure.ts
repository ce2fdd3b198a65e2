import { isSchedulerError, type SchedulerErrorCode } from '../errors.ts'

/** An answer that says what went wrong. */
export interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly taskId?: string | undefined
}

/** Thrown by routes where the scheduler itself throws nothing. */
export class RequestError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'RequestError'
    this.status = status
    this.code = code
  }
}

const STATUSES: Readonly<Partial<Record<SchedulerErrorCode, number>>> = {
  HANDLER_MISSING: 422,
  PAYLOAD_INVALID: 422,
  TASK_EXISTS: 409,
  TASK_STARTED: 409,
  SCHEDULER_BUSY: 503,
  SCHEDULER_CLOSED: 503,
  SCHEDULER_FAILED: 503,
}

/** What a caller is told of an error; `undefined` for one that is ours. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof RequestError) {
    return { status: error.status, code: error.code, message: error.message }
  }
  if (isSchedulerError(error)) {
    const { code, message, taskId } = error
    return { status: STATUSES[code] ?? 500, code, message, taskId }
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return { status: 400, code: 'REQUEST_INVALID', message: error.message }
  }
  const { statusCode, message } = Object(error) as { statusCode?: unknown; message?: unknown }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: 'REQUEST_INVALID', message: String(message) }
  }
  return undefined
}
