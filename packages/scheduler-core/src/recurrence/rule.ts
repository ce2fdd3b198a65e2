import { RRuleTemporal } from 'rrule-temporal'
import { fromWall, toWall } from './zone.ts'

const FINE = /FREQ=(HOURLY|MINUTELY|SECONDLY)/i
const FOREIGN = /DTSTART|RDATE|EXDATE|\n/i
const UNTIL = /UNTIL=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/i
/** No gap and no overlap of a zone is longer. */
const GAP_MS = 25 * 3_600_000

/**
 * The times of a recurrence rule. The library is asked for times of a clock on the wall only; they
 * become instants here, by the rule that holds for fixed times of cron: a time that is skipped is
 * the first instant after the gap, one that is shown twice is the first of them.
 */
export function ruleTimes(
  text: string,
  zone: string,
  firstAt: number,
): (after: number) => number | undefined {
  const rule = readRule(text, zone, firstAt)
  return (after) => {
    // Near a change what the clock shows may be shown again, or was skipped: look back beyond it.
    let wall = toWall(zone, Math.floor(after)) - (steady(zone, after) ? 0 : GAP_MS)
    for (;;) {
      const next = rule.next(new Date(wall))
      if (next === null) return undefined
      wall = next.epochMilliseconds
      const instant = fromWall(zone, wall)
      if (instant > after) return instant
    }
  }
}

function steady(zone: string, at: number): boolean {
  const span = toWall(zone, at + GAP_MS) - toWall(zone, at - GAP_MS)
  return span === 2 * GAP_MS
}

function readRule(text: string, zone: string, firstAt: number): RRuleTemporal {
  const bare = text.replace(/^RRULE:/i, '')
  if (FOREIGN.test(bare)) throw new RangeError('rrule must be one rule: the first time is startAt')
  if (zone !== 'UTC' && FINE.test(bare)) {
    throw new RangeError('rrule with FREQ below DAILY is for UTC: use cron or everyMs')
  }
  const until = UNTIL.exec(bare)
  let rule = bare
  if (until !== null) {
    const [year, month, day, hour, minute, second] = until.slice(1).map(Number) as number[]
    const instant = Date.UTC(year as number, (month as number) - 1, day, hour, minute, second)
    rule = bare.replace(UNTIL, `UNTIL=${stamp(toWall(zone, instant))}Z`)
  }
  const start = stamp(toWall(zone, Math.ceil(firstAt / 1_000) * 1_000))
  try {
    return new RRuleTemporal({ rruleString: `DTSTART:${start}Z\nRRULE:${rule}`, strict: true })
  } catch (cause) {
    throw new RangeError(`rrule '${text}' cannot be read`, { cause })
  }
}

/** 20260101T093000 */
function stamp(wall: number): string {
  return new Date(wall).toISOString().slice(0, 19).replace(/[-:]/g, '')
}
