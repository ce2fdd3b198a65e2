import { expect, test } from 'vitest'
import { Histogram } from '../../src/observe/histogram.ts'

test('quantiles are right within a bucket, and never above the maximum', () => {
  const histogram = new Histogram()
  for (let ms = 1; ms <= 1_000; ms++) histogram.record(ms)
  const { count, sumMs, maxMs, p50Ms, p99Ms } = histogram.snapshot()
  expect({ count, sumMs, maxMs }).toEqual({ count: 1_000, sumMs: 500_500, maxMs: 1_000 })
  expect(p50Ms).toBeGreaterThanOrEqual(500)
  expect(p50Ms).toBeLessThan(500 * 1.2)
  expect(p99Ms).toBeGreaterThanOrEqual(990)
  expect(p99Ms).toBeLessThanOrEqual(1_000)
})

test('nothing, negative and huge durations are counted too', () => {
  const histogram = new Histogram()
  expect(histogram.snapshot()).toMatchObject({ count: 0, sumMs: 0, maxMs: 0, p50Ms: 0, p99Ms: 0 })
  histogram.record(-5)
  histogram.record(1e15)
  expect(histogram.snapshot()).toMatchObject({ count: 2, maxMs: 1e15 })
})

test('buckets count up, doubling by doubling', () => {
  const histogram = new Histogram()
  for (const ms of [0.2, 0.5, 0.6, 3, 1_000, 1e9]) histogram.record(ms)
  const { buckets, count } = histogram.snapshot()
  expect(buckets.slice(0, 4)).toEqual([
    { leMs: 0.5, count: 2 },
    { leMs: 1, count: 3 },
    { leMs: 2, count: 3 },
    { leMs: 4, count: 4 },
  ])
  expect(buckets.at(-1)).toEqual({ leMs: 4_194_304, count: 5 })
  expect(count).toBe(6)
})
