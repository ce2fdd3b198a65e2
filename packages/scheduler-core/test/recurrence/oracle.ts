// The DST rule once more, written to be plain instead of fast, and with nothing of the package: it
// walks through a year minute by minute and looks at what a clock on the wall shows.

const MINUTE = 60_000
/** Offsets change on quarters of an hour only, in the zones and years of today. */
const QUARTER = 15

export interface Pattern {
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly days?: readonly number[]
  readonly weekdays?: readonly number[]
  /** No `*` and no step in minutes and hours. */
  readonly fixed: boolean
}

export class WallYear {
  readonly start: number
  readonly end: number
  readonly #format: Intl.DateTimeFormat
  readonly #offsets: number[] = []

  constructor(zone: string, year: number) {
    // Sweden writes times as ISO 8601 does.
    const style = { dateStyle: 'short', timeStyle: 'medium', timeZone: zone } as const
    this.#format = new Intl.DateTimeFormat('sv-SE', style)
    this.start = Date.UTC(year, 0, 1)
    this.end = Date.UTC(year + 1, 0, 1)
    const step = QUARTER * MINUTE
    for (let at = this.start - step; at < this.end; at += step) {
      this.#offsets.push(this.#offsetAt(at))
    }
  }

  /** The instants of a pattern in this year. */
  occurrences(pattern: Pattern): number[] {
    const times = new Set<number>()
    let previous = this.#wall(this.start - MINUTE)
    let latest = previous
    for (let at = this.start; at < this.end; at += MINUTE) {
      const wall = this.#wall(at)
      if (pattern.fixed) {
        for (let gone = previous + MINUTE; gone < wall; gone += MINUTE) {
          if (matches(pattern, gone)) times.add(at)
        }
      }
      if (matches(pattern, wall) && !(pattern.fixed && wall <= latest)) times.add(at)
      previous = wall
      latest = Math.max(latest, wall)
    }
    return [...times].sort((a, b) => a - b)
  }

  #wall(at: number): number {
    const quarter = Math.floor((at - this.start) / (QUARTER * MINUTE)) + 1
    return at + (this.#offsets[quarter] as number)
  }

  #offsetAt(at: number): number {
    const text = this.#format.format(at)
    return Date.parse(`${text.replace(' ', 'T')}Z`) - at
  }
}

function matches({ minutes, hours, days, weekdays }: Pattern, wall: number): boolean {
  const date = new Date(wall)
  if (!minutes.includes(date.getUTCMinutes()) || !hours.includes(date.getUTCHours())) return false
  const day = days?.includes(date.getUTCDate())
  const weekday = weekdays?.includes(date.getUTCDay())
  // When both are given, one of them suffices.
  return day === undefined ? (weekday ?? true) : day || (weekday ?? false)
}
