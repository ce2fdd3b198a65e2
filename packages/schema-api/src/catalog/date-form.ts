/**
 * How a column writes its moments. SQLite has no type for them, so the form is a habit of the data:
 * `2024-01-31 07:08:09`, `2024-01-31T07:08:09Z` and 1706684889 may all be the same one. Values that
 * are compared or written take the form that the column has, or they would not compare at all.
 */
export type DateForm =
  | { readonly kind: 'text'; readonly separator: ' ' | 'T'; readonly zone: '' | 'Z' }
  | { readonly kind: 'day' }
  | { readonly kind: 'epoch'; readonly unitMs: 1 | 1000 }

const MOMENT = /^(\d{4}-\d\d-\d\d)(?:([ T])(\d\d:\d\d(?::\d\d)?)(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?$/i

/** Seconds since 1970 stay below this until the year 5138; milliseconds are above since 1973. */
const MILLISECONDS_FROM = 100_000_000_000

/** The form of a value that was found in the column; undefined when it is none that is known. */
export function dateFormOf(sample: unknown): DateForm | undefined {
  if (typeof sample === 'number' && Number.isInteger(sample) && sample > 0) {
    return { kind: 'epoch', unitMs: sample < MILLISECONDS_FROM ? 1000 : 1 }
  }
  const match = typeof sample === 'string' ? MOMENT.exec(sample) : null
  if (match === null) return undefined
  const [, , separator, , , zone] = match
  if (separator === undefined) return { kind: 'day' }
  return { kind: 'text', separator: separator === ' ' ? ' ' : 'T', zone: zone ? 'Z' : '' }
}

/** Writes a moment in the column's form; text that is no moment stays as it is. */
export function toDateForm(form: DateForm, text: string): string | number {
  const match = MOMENT.exec(text.trim())
  if (match === null) return text
  const moment = new Date(isoOf(match))
  if (Number.isNaN(moment.getTime())) return text
  if (form.kind === 'epoch') return Math.floor(moment.getTime() / form.unitMs)
  if (form.kind === 'day') return moment.toISOString().slice(0, 10)
  // a day alone compares with either separator, being the beginning of both
  if (match[2] === undefined) return text.trim()
  const [day, time] = moment.toISOString().split('T')
  const fraction = /^\.0*$/.test(match[4] ?? '.') ? '' : match[4]
  return `${day}${form.separator}${time?.slice(0, 8)}${fraction}${form.zone}`
}

/** A moment without a zone is UTC, as SQLite's own functions take it. */
function isoOf([, day, , time, fraction, zone]: RegExpExecArray): string {
  if (time === undefined) return `${day}T00:00:00Z`
  const seconds = time.length === 5 ? `${time}:00` : time
  return `${day}T${seconds}${(fraction ?? '').slice(0, 4)}${zone?.toUpperCase() ?? 'Z'}`
}
