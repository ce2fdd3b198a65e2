import type { IncomingHttpHeaders } from 'node:http'
import { checkTraceparent } from '../observe/tracing.ts'
import type { TaskEdit } from '../scheduler/bookings.ts'
import type { DueSpec, TaskSpec } from '../task/spec.ts'

/** What a request's body, checked against its schema, asks to be scheduled. */
export function withTrace(body: unknown, traceparent: string | undefined): TaskSpec {
  const spec = body as TaskSpec
  const due = dueOf(body)
  const trace = spec.traceparent ?? traceparent
  return { ...spec, ...due, ...(trace !== undefined && { traceparent: trace }) }
}

/** Dates come as text in JSON. */
export function dueOf(body: unknown): DueSpec {
  const { dueAt, delayMs } = Object(body) as { dueAt?: number | string; delayMs?: number }
  return {
    ...(dueAt !== undefined && { dueAt: typeof dueAt === 'string' ? new Date(dueAt) : dueAt }),
    ...(delayMs !== undefined && { delayMs }),
  }
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
