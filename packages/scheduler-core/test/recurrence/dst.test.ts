// Every occurrence exactly once, over a year with its gap and its overlap, in three zones: cron and
// recurrence rules against an oracle that shares nothing with them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Recurrence, recurrenceOf } from '../../src/recurrence/recurrence.ts'
import { checkTiming, type Timing } from '../../src/recurrence/timing.ts'
import { type Pattern, WallYear } from './oracle.ts'

const ZONES = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe'] as const
const YEAR = 2026
const ALL_HOURS = Array.from({ length: 24 }, (_, hour) => hour)
const years = new Map(ZONES.map((zone) => [zone, new WallYear(zone, YEAR)]))

function recurrence(timing: Timing): Recurrence {
  return recurrenceOf(checkTiming(timing), 0)
}

/** All of the year, or the weeks around the changes of the clocks. */
const SPANS = process.env['SCHEDULER_CRON_RUNS']
  ? [[Date.UTC(YEAR, 0, 1), Date.UTC(YEAR + 1, 0, 1)] as const]
  : ([
      [Date.UTC(YEAR, 2, 6), Date.UTC(YEAR, 3, 7)],
      [Date.UTC(YEAR, 9, 2), Date.UTC(YEAR, 10, 3)],
    ] as const)

function occurrences(of: Recurrence): number[] {
  const times: number[] = []
  for (const [start, end] of SPANS) {
    for (let at = of.next(start - 1); at !== undefined && at < end; at = of.next(at)) times.push(at)
  }
  return times
}

function expected(zone: (typeof ZONES)[number], pattern: Pattern): number[] {
  const times = years.get(zone)?.occurrences(pattern) ?? []
  return times.filter((at) => SPANS.some(([start, end]) => at >= start && at < end))
}

const CASES: readonly [cron: string, pattern: Pattern][] = [
  ['30 2 * * *', { minutes: [30], hours: [2], fixed: true }],
  ['30 1 * * *', { minutes: [30], hours: [1], fixed: true }],
  ['0,15,30,45 1,2,3 * * *', { minutes: [0, 15, 30, 45], hours: [1, 2, 3], fixed: true }],
  ['45 1-3 * * 0', { minutes: [45], hours: [1, 2, 3], weekdays: [0], fixed: true }],
  ['0 3 1 * MON', { minutes: [0], hours: [3], days: [1], weekdays: [1], fixed: true }],
  ['10 * * * *', { minutes: [10], hours: ALL_HOURS, fixed: false }],
  ['*/30 1 * * *', { minutes: [0, 30], hours: [1], fixed: false }],
  ['15 */2 * * *', { minutes: [15], hours: ALL_HOURS.filter((h) => h % 2 === 0), fixed: false }],
]

describe.each(ZONES)('in %s', (zone) => {
  test.each(CASES)('cron %s', (cron, pattern) => {
    expect(occurrences(recurrence({ cron, timeZone: zone }))).toEqual(expected(zone, pattern))
  })

  test('a daily rule follows the rule of fixed times', () => {
    const rrule = 'FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=15'
    const startAt = Date.UTC(YEAR - 1, 11, 30)
    const pattern = { minutes: [15], hours: [1, 2, 3], fixed: true }
    const times = occurrences(recurrence({ rrule, timeZone: zone, startAt }))
    expect(times).toEqual(expected(zone, pattern))
  })
})

test('random fixed and wildcard expressions agree with the oracle', () => {
  const some = (max: number) => fc.uniqueArray(fc.nat(max), { minLength: 1, maxLength: 4 })
  const expression = fc.record({
    zone: fc.constantFrom(...ZONES),
    minutes: some(59),
    hours: fc.option(some(4), { nil: undefined }),
    weekdays: fc.option(some(6), { nil: undefined }),
  })
  fc.assert(
    fc.property(expression, ({ zone, minutes, hours, weekdays }) => {
      const field = (values: number[] | undefined): string => values?.join() ?? '*'
      const cron = `${field(minutes)} ${field(hours)} * * ${field(weekdays)}`
      const fixed = hours !== undefined
      const pattern = { minutes, hours: hours ?? ALL_HOURS, fixed, ...(weekdays && { weekdays }) }
      expect(occurrences(recurrence({ cron, timeZone: zone }))).toEqual(expected(zone, pattern))
    }),
    { numRuns: Number(process.env['SCHEDULER_CRON_RUNS'] ?? 6) },
  )
})
