import type { IncomingHttpHeaders } from 'node:http'
import { checkTraceparent } from '../observe/tracing.ts'
import type { PreviewOptions } from '../recurrence/preview.ts'
import type { Timing } from '../recurrence/timing.ts'
import type { TaskEdit } from '../scheduler/bookings.ts'
import type { ScheduleSpec } from '../schedules/schedules.ts'
import type { DueSpec, TaskSpec } from '../task/spec.ts'

/** What a request's body, checked against its schema, asks to be scheduled. */
export function withTrace(body: unknown, traceparent: string | undefined): TaskSpec {
  const spec = body as TaskSpec
  const due = dueOf(body)
  const trace = spec.traceparent ?? traceparent
  return { ...spec, ...due, ...(trace !== undefined && { traceparent: trace }) }
}

/** When a task is to be due. */
export function dueOf(body: unknown): DueSpec {
  const { dueAt, delayMs } = Object(body) as { dueAt?: number | string; delayMs?: number }
  return {
    ...(dueAt !== undefined && { dueAt: timeOf(dueAt) }),
    ...(delayMs !== undefined && { delayMs }),
  }
}

/** What a request's body, checked against its schema, says of times that recur. */
function timingOf(body: unknown): Timing {
  const { startAt, endAt, ...rest } = Object(body) as Timing & TimesOfJson
  return {
    ...rest,
    ...(startAt !== undefined && { startAt: timeOf(startAt) }),
    ...(endAt !== undefined && { endAt: timeOf(endAt) }),
  }
}

export function scheduleOf(body: unknown): ScheduleSpec {
  return timingOf(body) as ScheduleSpec // the other fields are as they are
}

/** A timing that is not stored, and which of its times are asked for. */
export function previewOf(body: unknown): {
  readonly timing: Timing
  readonly options: PreviewOptions
} {
  const { count, after, ...timing } = Object(body) as {
    readonly count?: number
    readonly after?: number | string
  }
  const options = {
    ...(count !== undefined && { count }),
    ...(after !== undefined && { after: timeOf(after) }),
  }
  return { timing: timingOf(timing), options }
}

interface TimesOfJson {
  readonly startAt?: number | string
  readonly endAt?: number | string
}

/** Dates come as text in JSON. */
function timeOf(time: number | string): number | Date {
  return typeof time === 'string' ? new Date(time) : time
}

/** What is to be changed of a task's content; `undefined` when it is its time. */
export function editOf(body: unknown): TaskEdit | undefined {
  const { payload, priority, dueAt, delayMs } = Object(body) as TaskEdit & DueSpec
  if (payload === undefined && priority === undefined) return undefined
  if (dueAt !== undefined || delayMs !== undefined) {
    throw new TypeError('change either the time, or payload and priority')
  }
  return {
    ...(payload !== undefined && { payload }),
    ...(priority !== undefined && { priority }),
  }
}

/** The header of W3C Trace Context; a malformed one is ignored, as the standard asks. */
export function traceOf({ traceparent }: IncomingHttpHeaders): string | undefined {
  if (traceparent === undefined) return undefined
  try {
    checkTraceparent(traceparent)
    return String(traceparent)
  } catch {
    return undefined
  }
}
