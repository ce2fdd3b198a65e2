import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import type { TracedRun, TracedSchedule, Tracing } from '../observe/tracing.ts'

/** How traces are made. */
export interface OpenTelemetryOptions {
  /** Default: the globally registered one. */
  readonly tracerProvider?: TracerProvider
  /**
   * How the span of a run refers to that of its scheduling. `parent`: one trace from the request to
   * the run, however much later. `link`: a trace of its own that names the other; for tasks that
   * wait for long. Default `parent`.
   */
  readonly relation?: 'parent' | 'link'
}

/**
 * Traces for the option `tracing` of a scheduler: a producer span for each task that is scheduled,
 * and a consumer span, active while the handler runs, for each run. Names and attributes follow the
 * messaging conventions of OpenTelemetry. Without a registered SDK nothing is recorded or stored.
 *
 * @example
 * ```ts
 * const scheduler = await Scheduler.open({ path, handlers, tracing: openTelemetry() })
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Tracing {
  const { relation = 'parent' } = options
  if (relation !== 'parent' && relation !== 'link') {
    throw new RangeError("relation must be 'parent' or 'link'")
  }
  const tracer = (): Tracer => (options.tracerProvider ?? trace).getTracer('@ashlar/scheduler-core')
  return {
    schedule(task) {
      const span = tracer().startSpan(`schedule ${task.handler}`, {
        kind: SpanKind.PRODUCER,
        attributes: attributesOf(task, 'create'),
      })
      span.end()
      return formatTraceparent(span.spanContext())
    },
    run(info, run) {
      const origin = parseTraceparent(info.task.traceparent)
      const parent = origin === undefined ? ROOT_CONTEXT : withRemote(origin)
      const span = tracer().startSpan(
        `run ${info.task.handler}`,
        {
          kind: SpanKind.CONSUMER,
          attributes: runAttributesOf(info),
          ...(origin !== undefined && relation === 'link' && { links: [{ context: origin }] }),
        },
        relation === 'parent' ? parent : ROOT_CONTEXT,
      )
      return within(span, trace.setSpan(context.active(), span), run)
    },
  }
}

function withRemote(origin: SpanContext): Context {
  return trace.setSpanContext(ROOT_CONTEXT, origin)
}

/** Ends the span when what `run` returned has settled. */
function within<R>(span: Span, active: Context, run: () => R): R {
  let result: R
  try {
    result = context.with(active, run)
  } catch (error) {
    fail(span, error)
    throw error
  }
  if (!isPromiseLike(result)) {
    span.end()
    return result
  }
  // The caller handles the rejection of `result`; this is one more that looks on.
  Promise.resolve(result).then(
    () => span.end(),
    (error: unknown) => fail(span, error),
  )
  return result
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  span.recordException(error instanceof Error ? error : message)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
  span.end()
}

function attributesOf({ queue, handler, key }: TracedSchedule, operation: string): Attributes {
  return {
    'messaging.system': 'ashlar_scheduler',
    'messaging.operation.type': operation,
    'messaging.destination.name': queue,
    'ashlar.task.handler': handler,
    ...(key !== undefined && { 'ashlar.task.key': key }),
  }
}

function runAttributesOf({ task, attempt, lagMs }: TracedRun): Attributes {
  return {
    ...attributesOf(task, 'process'),
    'messaging.message.id': task.id,
    'ashlar.task.attempt': attempt,
    'ashlar.task.lag_ms': lagMs,
  }
}

/** version 00, trace, span and flags, in hexadecimal */
function formatTraceparent(span: SpanContext): string | undefined {
  if (!isSpanContextValid(span)) return undefined
  const flags = span.traceFlags.toString(16).padStart(2, '0')
  return `00-${span.traceId}-${span.spanId}-${flags}`
}

function parseTraceparent(text: string | undefined): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = text?.split('-') ?? []
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  const span: SpanContext = { traceId, spanId, traceFlags, isRemote: true }
  return isSpanContextValid(span) ? span : undefined
}
