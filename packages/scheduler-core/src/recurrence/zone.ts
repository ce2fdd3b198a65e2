/** No zone's offset from UTC is a day or more. */
const DAY_MS = 24 * 3_600_000

const formats = new Map<string, Intl.DateTimeFormat>()
/** Zones whose formatter is kept: there are about 600 names, few of them used by one program. */
const MAX_FORMATS = 64

/** Throws RangeError when the machine knows no such time zone. */
export function checkZone(zone: string): void {
  if (typeof zone !== 'string') throw new TypeError('timeZone must be a string')
  try {
    formatOf(zone)
  } catch (cause) {
    throw new RangeError(`timeZone '${zone}' is not known`, { cause })
  }
}

/** What a clock on a wall in the zone shows, as if it were UTC. */
export function toWall(zone: string, instant: number): number {
  if (zone === 'UTC') return instant
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of formatOf(zone).formatToParts(instant)) parts[type] = Number(value)
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  const millisecond = ((instant % 1_000) + 1_000) % 1_000
  return Date.UTC(year, month - 1, day, hour, minute, second, millisecond)
}

/**
 * The instant at which a wall clock in the zone shows this time. A time that it shows twice means
 * the first, one that it skips means the first instant after the gap.
 */
export function fromWall(zone: string, wall: number): number {
  if (zone === 'UTC') return wall
  const before = offsetAt(zone, wall - DAY_MS)
  const after = offsetAt(zone, wall + DAY_MS)
  const candidates = [wall - before, wall - after].sort((a, b) => a - b)
  const shown = candidates.find((instant) => toWall(zone, instant) === wall)
  return shown ?? endOfGap(zone, candidates[0] as number, candidates[1] as number, before)
}

function offsetAt(zone: string, instant: number): number {
  return toWall(zone, instant) - instant
}

/** The first instant in a range at which the zone's offset is no longer what it was. */
function endOfGap(zone: string, from: number, to: number, offset: number): number {
  let low = from
  let high = to
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(zone, middle) === offset) low = middle
    else high = middle
  }
  return high
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  if (formats.size >= MAX_FORMATS) formats.clear()
  formats.set(zone, format)
  return format
}
