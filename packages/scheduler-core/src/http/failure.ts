import { type Failure, failureOfRequest } from '@ashlar/service-kit'
import { isSchedulerError, type SchedulerErrorCode } from '../errors.ts'

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
export function failureOf(
  error: unknown,
): (Failure & { readonly taskId?: string | undefined }) | undefined {
  if (isSchedulerError(error)) {
    const { code, message, taskId } = error
    return { status: STATUSES[code] ?? 500, code, message, taskId }
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return { status: 400, code: 'REQUEST_INVALID', message: error.message }
  }
  return failureOfRequest(error)
}
