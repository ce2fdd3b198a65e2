import type { Metric, Reading } from './readings.ts'

/** A limit that a person sets over the data API; the edge site of `location` subscribes to it. */
export interface Threshold {
  /** `<location>:<metric>` */
  readonly id: string
  readonly location: string
  readonly metric: Metric
  readonly comparison: 'above' | 'below'
  readonly limit: number
}

export interface Alert {
  /** `<threshold>:<date>`: the same reading raises the same alert, however often it is compared. */
  readonly id: string
  readonly location: string
  readonly date: string
  readonly metric: Metric
  readonly value: number
  readonly limit: number
}

const threshold = (
  location: string,
  metric: Metric,
  comparison: Threshold['comparison'],
  limit: number,
): Threshold => ({ id: `${location}:${metric}`, location, metric, comparison, limit })

/** What a new control room starts with. */
export const FIRST_THRESHOLDS: readonly Threshold[] = [
  threshold('Seattle', 'wind', 'above', 7.5),
  threshold('Seattle', 'temp_max', 'above', 33),
  threshold('Seattle', 'precipitation', 'above', 38),
  threshold('New York', 'wind', 'above', 9),
  threshold('New York', 'temp_max', 'above', 34),
  threshold('New York', 'precipitation', 'above', 45),
  threshold('New York', 'temp_min', 'below', -10),
]

/** The alerts that a reading raises under the thresholds of its site. */
export function compare(reading: Reading, thresholds: Iterable<Threshold>): Alert[] {
  const alerts: Alert[] = []
  for (const { id, location, metric, comparison, limit } of thresholds) {
    if (location !== reading.location) continue
    const value = reading[metric]
    if (comparison === 'above' ? value < limit : value > limit) continue
    alerts.push({ id: `${id}:${reading.date}`, location, date: reading.date, metric, value, limit })
  }
  return alerts
}
