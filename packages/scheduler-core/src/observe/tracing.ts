import type { TaskInfo } from '../run/handler.ts'

/** The task that is being scheduled, as far as a tracer needs to know. */
export interface TracedSchedule {
  readonly queue: string
  readonly handler: string
  readonly key: string | undefined
}

/** The run that is about to begin. */
export interface TracedRun {
  readonly task: TaskInfo
  readonly attempt: number
  readonly lagMs: number
}

/**
 * Joins traces across the time between scheduling and running: what `schedule` returns is stored
 * with the task and handed to its runs as `task.traceparent`. `openTelemetry` of
 * `@ashlar/scheduler-core/otel` is one.
 */
export interface Tracing {
  /** The `traceparent` (W3C Trace Context) to store with a task; `undefined` for none. */
  schedule(task: TracedSchedule): string | undefined
  /** Calls `run` once, in the context of a span, and returns what it returns. */
  run<R>(info: TracedRun, run: () => R): R
}

/** The longest that is stored; the version of today has 55 characters. */
const MAX_LENGTH = 512
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/** Checks what a caller gives. */
export function checkTraceparent(value: unknown): void {
  if (typeof value !== 'string' || value.length > MAX_LENGTH || !TRACEPARENT.test(value)) {
    throw new TypeError('traceparent must be one of W3C Trace Context')
  }
}

/** A spec with the context of the span that schedules it, where there is one and it has none. */
export function traced<
  S extends {
    readonly queue?: string
    readonly handler: string
    readonly key?: string
    readonly traceparent?: string
  },
>(spec: S, tracing: Tracing | undefined): S {
  if (tracing === undefined || spec.traceparent !== undefined) return spec
  const { queue = 'default', handler, key } = spec
  const traceparent = tracing.schedule({ queue, handler, key })
  return traceparent === undefined ? spec : { ...spec, traceparent }
}
