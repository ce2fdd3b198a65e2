import type { IncomingHttpHeaders } from 'node:http'
import { checkTraceparent } from '../observe/tracing.ts'
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
