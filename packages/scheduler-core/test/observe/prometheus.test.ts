import { formatPrometheus } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Rig } from '../rig.ts'

/** Every line is a comment or a sample as the text format 0.0.4 has it. */
const LINE =
  /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-zA-Z_]+="([^"\\\n]|\\["\\n])*",?)+\})? (-?[0-9.e+-]+|\+Inf))$/

test('the page has a line per counter, state and bucket, all well formed', async () => {
  const noop = { run: () => {} }
  const rig = await Rig.open({ handlers: { noop } })
  await rig.scheduler.schedule({ handler: 'noop', payload: 1, queue: 'odd "name"\\\n' })
  await rig.scheduler.schedule({ handler: 'noop', payload: 1, delayMs: 60_000 })
  await rig.pass(250)
  const { scheduler } = rig
  const text = formatPrometheus(scheduler.metrics(), {
    labels: { service: 'a"b' },
    stale: scheduler.stale(),
  })
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.trimEnd().split('\n')) expect(line).toMatch(LINE)
  expect(text).toContain('ashlar_scheduler_scheduled_total{service="a\\"b"} 2\n')
  expect(text).toContain('tasks{service="a\\"b",queue="default",state="scheduled"} 1\n')
  expect(text).toContain('queue="odd \\"name\\"\\\\\\n",state="scheduled"} 0\n')
  expect(text).toContain('lag_seconds_bucket{service="a\\"b",le="+Inf"} 1\n')
  expect(text).toContain('ashlar_scheduler_stale_tasks{service="a\\"b"} 0\n')
  expect(text.match(/# TYPE ashlar_scheduler_tasks gauge/g)).toHaveLength(1)
})

test('a prefix or label that Prometheus would refuse is refused here', async () => {
  const rig = await Rig.open({ handlers: {} })
  const metrics = rig.scheduler.metrics()
  expect(() => formatPrometheus(metrics, { prefix: 'a b' })).toThrow(RangeError)
  expect(() => formatPrometheus(metrics, { labels: { 'a-b': '' } })).toThrow(RangeError)
})
