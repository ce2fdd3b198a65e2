import { Cron } from 'croner'

/**
 * The times of a cron expression. An expression without `*`, `?` and steps in its seconds, minutes
 * and hours names fixed times: one that the zone's clock skips is the first instant after the gap,
 * one that it shows twice is the first of them. Any other follows the clock: what is skipped is
 * left out, what is shown twice happens twice.
 */
export function cronTimes(pattern: string, zone: string): (after: number) => number | undefined {
  const cron = readCron(pattern, zone)
  return (after) => cron.nextRun(new Date(Math.floor(after)))?.getTime()
}

function readCron(pattern: string, zone: string): Cron {
  try {
    return new Cron(pattern, {
      timezone: zone,
      mode: '5-or-6-parts',
      fixedTimeRule: 'no-wildcard',
    })
  } catch (cause) {
    throw new RangeError(`cron '${pattern}' cannot be read`, { cause })
  }
}
