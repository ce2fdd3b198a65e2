import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'

/** One day at one site. Temperatures in °C, wind in m/s, precipitation in mm. */
export interface Reading {
  readonly location: string
  /** ISO date, such as `2012-01-01`; orders the readings of a site. */
  readonly date: string
  readonly precipitation: number
  readonly temp_max: number
  readonly temp_min: number
  readonly wind: number
  readonly weather: string
}

export type Metric = 'precipitation' | 'temp_max' | 'temp_min' | 'wind'

/** Daily observations of Seattle and New York, 2012 to 2015, as published in `vega-datasets`. */
export function readObservations(location: string): Reading[] {
  // the package exports its entry only; the data lies in a folder beside it
  const csv = new URL('../data/weather.csv', import.meta.resolve('vega-datasets'))
  const rows: Record<string, string>[] = parse(readFileSync(csv), { columns: true })
  return rows.filter((row) => row['location'] === location).map(toReading)
}

function toReading(row: Record<string, string>): Reading {
  return {
    location: row['location'] ?? '',
    date: row['date'] ?? '',
    precipitation: Number(row['precipitation']),
    temp_max: Number(row['temp_max']),
    temp_min: Number(row['temp_min']),
    wind: Number(row['wind']),
    weather: row['weather'] ?? '',
  }
}
