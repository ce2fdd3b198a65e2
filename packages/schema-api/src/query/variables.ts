import { invalidQuery } from '../errors.ts'
import type { ValueKind } from './filter-value.ts'

const UNITS: Readonly<Record<string, (date: Date, count: number) => void>> = {
  year: (date, count) => date.setUTCFullYear(date.getUTCFullYear() + count),
  month: (date, count) => date.setUTCMonth(date.getUTCMonth() + count),
  week: (date, count) => date.setUTCDate(date.getUTCDate() + 7 * count),
  day: (date, count) => date.setUTCDate(date.getUTCDate() + count),
  hour: (date, count) => date.setTime(date.getTime() + count * 3_600_000),
  minute: (date, count) => date.setTime(date.getTime() + count * 60_000),
  second: (date, count) => date.setTime(date.getTime() + count * 1000),
}

const UNIT_NAMES: Readonly<Record<string, keyof typeof UNITS>> = {
  y: 'year',
  yr: 'year',
  mo: 'month',
  w: 'week',
  wk: 'week',
  d: 'day',
  h: 'hour',
  hr: 'hour',
  m: 'minute',
  min: 'minute',
  s: 'second',
  sec: 'second',
}

/** Replaces `$NOW` and `$NOW(-1 day)`; other text stays as it is. */
export function resolveVariable(text: string, kind: ValueKind, now: Date): string {
  if (!text.startsWith('$')) return text
  if (/^\$CURRENT_(USER|ROLE|ROLES|POLICIES)\b/.test(text)) {
    throw invalidQuery(`${text.split('.')[0]} needs a signed-in user`)
  }
  // no two parts next to each other take the same characters: any text is looked through once
  const match = /^\$NOW(?:\(\s*((?:[+-]\s*)?\d{1,6})\s*([a-z]+?)s?\s*\))?$/i.exec(text)
  if (match === null) return text
  const moment = new Date(now)
  if (match[1] !== undefined) {
    const unit = match[2]?.toLowerCase() ?? ''
    const shift = UNITS[UNIT_NAMES[unit] ?? unit]
    if (shift === undefined) throw invalidQuery(`"${unit}" is not a unit of time`)
    shift(moment, Number(match[1].replaceAll(/\s/g, '')))
  }
  if (Number.isNaN(moment.getTime())) throw invalidQuery(`${text} is no moment`)
  const iso = moment.toISOString()
  if (kind === 'date') return iso.slice(0, 10)
  if (kind === 'time') return iso.slice(11, 19)
  return kind === 'dateTime' ? iso.slice(0, 19) : iso
}
