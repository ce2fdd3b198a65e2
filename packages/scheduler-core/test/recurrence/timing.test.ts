import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firingOf } from '../../src/recurrence/misfire.ts'
import { latestUntil, type Recurrence, recurrenceOf } from '../../src/recurrence/recurrence.ts'
import { checkTiming, type Timing } from '../../src/recurrence/timing.ts'

const NOW = Date.UTC(2026, 0, 1)

function recurrence(timing: Timing): Recurrence {
  return recurrenceOf(checkTiming(timing), NOW)
}

function first(timing: Timing, count: number, after = NOW): string[] {
  const times: string[] = []
  const of = recurrence(timing)
  let at: number | undefined = after
  while (times.length < count) {
    at = of.next(at)
    if (at === undefined) break
    times.push(new Date(at).toISOString().replace('.000Z', ''))
  }
  return times
}

test('six fields have seconds in front, five have none', () => {
  expect(first({ cron: '*/20 * * * * *' }, 2)).toEqual([
    '2026-01-01T00:00:20',
    '2026-01-01T00:00:40',
  ])
  expect(first({ cron: '20 * * * *' }, 1)).toEqual(['2026-01-01T00:20:00'])
})

test('a rule counts from startAt, which is its first time', () => {
  const startAt = Date.UTC(2026, 0, 30, 9)
  expect(first({ rrule: 'FREQ=MONTHLY;BYMONTHDAY=-1', startAt }, 2)).toEqual([
    '2026-01-31T09:00:00',
    '2026-02-28T09:00:00',
  ])
  expect(first({ rrule: 'RRULE:FREQ=DAILY;COUNT=2', startAt }, 5)).toEqual([
    '2026-01-30T09:00:00',
    '2026-01-31T09:00:00',
  ])
})

test('UNTIL is an instant, in whatever zone the rule is', () => {
  const startAt = Date.UTC(2026, 5, 1, 16)
  const rule = { rrule: 'FREQ=DAILY;UNTIL=20260603T160000Z', startAt }
  const three = ['2026-06-01T16:00:00', '2026-06-02T16:00:00', '2026-06-03T16:00:00']
  expect(first(rule, 5)).toEqual(three)
  expect(first({ ...rule, timeZone: 'America/New_York' }, 5)).toEqual(three)
})

test('equal distances count from startAt and end with endAt', () => {
  const startAt = NOW + 500
  expect(first({ everyMs: 60_000 }, 1)).toEqual(['2026-01-01T00:01:00'])
  const of = recurrence({ everyMs: 1_000, startAt, endAt: startAt + 1_000 })
  expect([of.next(0), of.next(startAt), of.next(startAt + 1_000)]).toEqual([
    startAt,
    startAt + 1_000,
    undefined,
  ])
})

test('what cannot be read is refused by name', () => {
  const bad: readonly [Timing, RegExp][] = [
    [{ cron: '61 * * * *' }, /cron '61/],
    [{ cron: '* * * *' }, /cron/],
    [{ cron: '0 0 * * * * 2027' }, /cron/],
    [{ cron: '* * * * *', timeZone: 'Mars/Olympus' }, /timeZone 'Mars\/Olympus'/],
    [{ rrule: 'FREQ=SOMETIMES' }, /rrule/],
    [{ rrule: 'FREQ=DAILY;BYDAY=XX' }, /rrule/],
    [{ rrule: 'FREQ=HOURLY', timeZone: 'Europe/Berlin' }, /UTC/],
    [{ rrule: 'DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY' }, /startAt/],
    [{ everyMs: 0 }, /everyMs/],
    [{ cron: '* * * * *', everyMs: 5_000 } as never, /one of/],
    [{} as never, /one of/],
  ]
  for (const [timing, message] of bad)
    expect(() => recurrence(timing), String(message)).toThrow(message)
})

test('the latest occurrence is found without walking through all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 5_000 }), fc.nat(100_000), (everyMs, untilMs) => {
      const of = recurrence({ everyMs, startAt: NOW })
      const latest = latestUntil(of, NOW, NOW + untilMs)
      expect(latest).toBe(NOW + Math.floor(untilMs / everyMs) * everyMs)
    }),
  )
  let asked = 0
  const counted = recurrence({ cron: '* * * * * *' })
  const next = (after: number): number | undefined => {
    asked += 1
    return counted.next(after)
  }
  const late = NOW + 365 * 24 * 3_600_000
  expect(latestUntil({ next }, NOW, late)).toBe(late)
  expect(asked).toBeLessThan(60)
})

test('each misfire policy picks what it says', () => {
  const of = recurrence({ everyMs: 1_000, startAt: NOW })
  const now = NOW + 10_400
  const at = (...seconds: number[]): number[] => seconds.map((second) => NOW + second * 1_000)
  const next = NOW + 11_000
  expect(firingOf(of, 'once', NOW, now)).toEqual({ times: at(10), nextAt: next })
  expect(firingOf(of, 'skip', NOW, now)).toEqual({ times: at(10), nextAt: next })
  expect(firingOf(of, { windowMs: 2_400 }, NOW, now)).toEqual({ times: at(8, 9, 10), nextAt: next })
  expect(firingOf(of, 'all', NOW + 7_000, now)).toEqual({ times: at(7, 8, 9, 10), nextAt: next })
  const hourly = recurrence({ everyMs: 3_600_000, startAt: NOW })
  expect(firingOf(hourly, 'skip', NOW, now)).toEqual({ times: [], nextAt: NOW + 3_600_000 })
  const first500 = firingOf(of, 'all', NOW, NOW + 1_000_000)
  expect([first500.times.length, first500.nextAt]).toEqual([500, NOW + 500_000])
})
