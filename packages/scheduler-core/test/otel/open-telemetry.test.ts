import { openTelemetry } from '@ashlar/scheduler-core/otel'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Rig } from '../rig.ts'

const exporter = new InMemorySpanExporter()
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(exporter)],
})

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
beforeEach(() => exporter.reset())
afterAll(() => context.disable())

function spanOf(name: string): ReadableSpan {
  const span = exporter.getFinishedSpans().find((each) => each.name === name)
  if (span === undefined) throw new Error(`no span ${name}`)
  return span
}

describe('a trace', () => {
  test('goes from the request over the store, a crash and a retry, to the run', async () => {
    let inside: string | undefined
    const mail = {
      backoff: { baseMs: 10 },
      run: async (_: unknown, { attempt }: { attempt: number }) => {
        await Promise.resolve()
        inside = trace.getActiveSpan()?.spanContext().traceId
        if (attempt === 1) throw new RangeError('mailbox full')
      },
    }
    const rig = await Rig.open({
      handlers: { mail },
      tracing: openTelemetry({ tracerProvider }),
    })
    const request = tracerProvider.getTracer('test').startSpan('POST /orders')
    await context.with(trace.setSpan(context.active(), request), () =>
      rig.scheduler.schedule({
        handler: 'mail',
        payload: 0,
        key: 'ada',
        queue: 'mails',
        delayMs: 60_000,
      }),
    )
    request.end()
    await rig.kill()
    await rig.pass(60_000)
    const { traceId, spanId } = request.spanContext()
    const produced = spanOf('schedule mail')
    expect(produced.kind).toBe(SpanKind.PRODUCER)
    expect(produced.parentSpanContext?.spanId).toBe(spanId)
    const failed = spanOf('run mail')
    expect(inside).toBe(traceId)
    expect(failed.spanContext().traceId).toBe(traceId)
    expect(failed.parentSpanContext?.spanId).toBe(produced.spanContext().spanId)
    expect(failed.kind).toBe(SpanKind.CONSUMER)
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'mailbox full' })
    expect(failed.events[0]?.name).toBe('exception')
    expect(failed.attributes).toMatchObject({
      'messaging.destination.name': 'mails',
      'ashlar.task.attempt': 1,
      'ashlar.task.key': 'ada',
    })
    exporter.reset()
    await rig.pass(100)
    const second = spanOf('run mail')
    expect(second.attributes['ashlar.task.attempt']).toBe(2)
    expect(second.status.code).toBe(SpanStatusCode.UNSET)
    expect(second.spanContext().traceId).toBe(traceId)
  })

  test('of a long-lived task may be linked instead of continued', async () => {
    const rig = await Rig.open({
      handlers: { noop: { run: () => {} } },
      tracing: openTelemetry({ tracerProvider, relation: 'link' }),
    })
    await rig.scheduler.schedule({ handler: 'noop', payload: 0 })
    await rig.pass(1)
    const produced = spanOf('schedule noop').spanContext()
    const run = spanOf('run noop')
    expect(run.spanContext().traceId).not.toBe(produced.traceId)
    expect(run.links[0]?.context).toMatchObject({
      traceId: produced.traceId,
      spanId: produced.spanId,
    })
  })
})

test('a traceparent that the caller gives is stored and handed over as it is', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  let seen: string | undefined
  const rig = await Rig.open({
    handlers: {
      noop: {
        run: (_: unknown, { task }: { task: { traceparent: string | undefined } }) => {
          seen = task.traceparent
        },
      },
    },
    tracing: openTelemetry({ tracerProvider }),
  })
  await rig.scheduler.schedule({ handler: 'noop', payload: 0, traceparent })
  await rig.pass(1)
  expect(seen).toBe(traceparent)
  expect(spanOf('run noop').spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c')
  const bad = { handler: 'noop', payload: 0, traceparent: 'junk' } as const
  await expect(rig.scheduler.schedule(bad)).rejects.toThrow(TypeError)
})

test('without an SDK nothing is stored with the task', async () => {
  let seen: unknown = 'nothing ran'
  const rig = await Rig.open({
    handlers: {
      noop: {
        run: (_: unknown, { task }: { task: { traceparent: string | undefined } }) => {
          seen = task.traceparent
        },
      },
    },
    tracing: openTelemetry(),
  })
  await rig.scheduler.schedule({ handler: 'noop', payload: 0 })
  await rig.pass(1)
  expect(seen).toBeUndefined()
})
