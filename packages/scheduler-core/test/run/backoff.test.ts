import { seededRandom } from '@ashlar/codec'
import { expect, test } from 'vitest'
import { backoffMs, checkBackoff, DEFAULT_BACKOFF, resolveBackoff } from '../../src/run/backoff.ts'

const random = seededRandom(7)

test('the wait grows by the factor up to maxMs, for ever', () => {
  const backoff = { ...DEFAULT_BACKOFF, jitter: 'none' as const }
  const waits = [1, 2, 3, 12, 13, 1_000, 1_000_000].map((n) => backoffMs(backoff, n, random))
  expect(waits).toEqual([1_000, 2_000, 4_000, 2_048_000, 3_600_000, 3_600_000, 3_600_000])
})

test.each([
  ['half', 500],
  ['full', 0],
] as const)('with jitter %s the wait is spread evenly above %i', (jitter, least) => {
  const waits = Array.from({ length: 2_000 }, () =>
    backoffMs({ ...DEFAULT_BACKOFF, jitter }, 1, random),
  )
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(least)
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_000)
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
  expect(Math.abs(mean - (1_000 + least) / 2)).toBeLessThan(30)
})

test('a task differs from its handler field by field, and a long base needs no maxMs', () => {
  expect(resolveBackoff(undefined, undefined)).toEqual(DEFAULT_BACKOFF)
  expect(resolveBackoff({ baseMs: 5, factor: 3 }, { baseMs: 7 })).toEqual({
    ...DEFAULT_BACKOFF,
    baseMs: 7,
    factor: 3,
  })
  const day = 24 * 3_600_000
  expect(resolveBackoff({ baseMs: day }).maxMs).toBe(day)
  expect(() => checkBackoff({ baseMs: day, maxMs: 1 }, 'backoff')).toThrow(/backoff.maxMs/)
})
