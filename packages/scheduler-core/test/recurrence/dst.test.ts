// Every occurrence exactly once, over years with their gaps and overlaps, in three zones: cron and
// recurrence rules against an oracle that shares nothing with them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Recurrence, recurrenceOf } from '../../src/recurrence/recurrence.ts'
import { checkTiming, type Timing } from '../../src/recurrence/timing.ts'
import { type Pattern, WallYear } from './oracle.ts'

const ZONES = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe'] as const
const ALL_HOURS = Array.from({ length: 24 }, (_, hour) => hour)

/**
 * `SCHEDULER_CRON_YEARS=2007..2037` goes through all of those years, minute by minute: for what happens
 * every few hours or more often, through all weeks in which clocks are changed.
 */
const [FIRST = 2026, LAST = FIRST] = (process.env['SCHEDULER_CRON_YEARS'] ?? '2026')
  .split('..')
  .map(Number)
const YEARS = Array.from({ length: LAST - FIRST + 1 }, (_, n) => FIRST + n)
const WHOLE = process.env['SCHEDULER_CRON_YEARS'] !== undefined
const PLACES = YEARS.flatMap((year) => ZONES.map((zone) => ({ zone, year })))

type Place = (typeof PLACES)[number]

const oracles = new Map<string, WallYear>()

/** One at a time is needed: a long run goes from year to year. */
function oracleOf({ zone, year }: Place): WallYear {
  const name = `${zone} ${year}`
  const known = oracles.get(name)
  if (known !== undefined) return known
  if (oracles.size >= 2 * ZONES.length) oracles.clear()
  const oracle = new WallYear(zone, year)
  oracles.set(name, oracle)
  return oracle
}

function recurrence(timing: Timing): Recurrence {
  return recurrenceOf(checkTiming(timing), 0)
}

/** All of the year, or the weeks in which the three zones change their clocks. */
function spansOf(year: number, often: boolean): readonly (readonly [start: number, end: number])[] {
  if (WHOLE && !often) return [[Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)]]
  return [
    [Date.UTC(year, 2, 6), Date.UTC(year, 3, 8)],
    [Date.UTC(year, 9, 1), Date.UTC(year, 10, 8)],
  ]
}

function occurrences(of: Recurrence, { year }: Place, often = false): number[] {
  const times: number[] = []
  for (const [start, end] of spansOf(year, often)) {
    for (let at = of.next(start - 1); at !== undefined && at < end; at = of.next(at)) times.push(at)
  }
  return times
}

function expected(place: Place, pattern: Pattern, often = false): number[] {
  const times = oracleOf(place).occurrences(pattern)
  const spans = spansOf(place.year, often)
  return times.filter((at) => spans.some(([start, end]) => at >= start && at < end))
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

describe.each(PLACES)('in $zone, $year', (place) => {
  const { zone, year } = place

  test.each(CASES)('cron %s', (cron, pattern) => {
    const often = pattern.hours.length > 3
    const times = occurrences(recurrence({ cron, timeZone: zone }), place, often)
    expect(times).toEqual(expected(place, pattern, often))
  })

  test('a daily rule follows the rule of fixed times', () => {
    const rrule = 'FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=15'
    const startAt = Date.UTC(year - 1, 11, 30)
    const pattern = { minutes: [15], hours: [1, 2, 3], fixed: true }
    const times = occurrences(recurrence({ rrule, timeZone: zone, startAt }), place)
    expect(times).toEqual(expected(place, pattern))
  })
})

test('random fixed and wildcard expressions agree with the oracle', { timeout: 3_600_000 }, () => {
  const some = (max: number) => fc.uniqueArray(fc.nat(max), { minLength: 1, maxLength: 4 })
  const expression = fc.record({
    place: fc.constantFrom(...PLACES),
    minutes: some(59),
    hours: fc.option(some(4), { nil: undefined }),
    weekdays: fc.option(some(6), { nil: undefined }),
  })
  fc.assert(
    fc.property(expression, ({ place, minutes, hours, weekdays }) => {
      const field = (values: number[] | undefined): string => values?.join() ?? '*'
      const cron = `${field(minutes)} ${field(hours)} * * ${field(weekdays)}`
      const fixed = hours !== undefined
      const pattern = { minutes, hours: hours ?? ALL_HOURS, fixed, ...(weekdays && { weekdays }) }
      const times = occurrences(recurrence({ cron, timeZone: place.zone }), place, true)
      expect(times).toEqual(expected(place, pattern, true))
    }),
    { numRuns: Number(process.env['SCHEDULER_CRON_RUNS'] ?? 6) },
  )
})
