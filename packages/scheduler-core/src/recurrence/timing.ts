import { MAX_TIME } from '../storage/layout.ts'
import { checkZone } from './zone.ts'

const MAX_PATTERN_LENGTH = 1_000
/** A shorter beat is a loop, not a schedule. */
const MIN_EVERY_MS = 10

interface Bounds {
  /** No occurrence is before this time. Default: when the schedule is made. */
  readonly startAt?: number | Date
  /** No occurrence is after this time. Default: it goes on for ever. */
  readonly endAt?: number | Date
}

/** By a cron expression of five fields, or six with seconds in front. */
export interface CronTiming extends Bounds {
  readonly cron: string
  /** A zone of the IANA database, for example `Europe/Berlin`. Default `UTC`. */
  readonly timeZone?: string
  readonly rrule?: never
  readonly everyMs?: never
}

/** By a recurrence rule of RFC 5545, without DTSTART: `startAt` is the first time. */
export interface RuleTiming extends Bounds {
  /** For example `FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17`. */
  readonly rrule: string
  readonly timeZone?: string
  readonly cron?: never
  readonly everyMs?: never
}

/** At equal distances from `startAt`, whatever clocks on walls show. */
export interface EveryTiming extends Bounds {
  /** At least 10. */
  readonly everyMs: number
  readonly timeZone?: never
  readonly cron?: never
  readonly rrule?: never
}

/** When a schedule's tasks are due. */
export type Timing = CronTiming | RuleTiming | EveryTiming

/** A checked timing, as it is stored. */
export interface StoredTiming {
  readonly kind: 'cron' | 'rrule' | 'every'
  /** The expression, the rule, or the milliseconds. */
  readonly text: string
  readonly zone: string
  readonly startAt: number | undefined
  readonly endAt: number | undefined
}

/** Checks the form; whether a pattern can be read is seen when its recurrence is made. */
export function checkTiming(timing: Timing): StoredTiming {
  const { cron, rrule, everyMs, timeZone = 'UTC' } = timing
  const given = [cron, rrule, everyMs].filter((value) => value !== undefined)
  if (given.length !== 1) throw new TypeError('give one of cron, rrule and everyMs')
  checkZone(timeZone)
  const startAt = timeOf(timing.startAt, 'startAt')
  const endAt = timeOf(timing.endAt, 'endAt')
  const bounds = { zone: timeZone, startAt, endAt }
  if (everyMs !== undefined) {
    if (!Number.isSafeInteger(everyMs) || everyMs < MIN_EVERY_MS || everyMs > MAX_TIME) {
      throw new RangeError(`everyMs must be an integer of at least ${MIN_EVERY_MS}`)
    }
    if (timing.timeZone !== undefined) throw new TypeError('everyMs takes no timeZone')
    return { kind: 'every', text: String(everyMs), ...bounds }
  }
  if (cron !== undefined) return { kind: 'cron', text: pattern(cron, 'cron'), ...bounds }
  return { kind: 'rrule', text: pattern(rrule, 'rrule'), ...bounds }
}

function pattern(text: unknown, field: string): string {
  if (typeof text !== 'string') throw new TypeError(`${field} must be a string`)
  if (text.length <= MAX_PATTERN_LENGTH) return text.trim()
  throw new RangeError(`${field} must have at most ${MAX_PATTERN_LENGTH} characters`)
}

function timeOf(time: number | Date | undefined, field: string): number | undefined {
  if (time === undefined) return undefined
  const ms = time instanceof Date ? time.getTime() : time
  if (typeof ms === 'number' && ms >= 0 && ms <= MAX_TIME) return Math.ceil(ms)
  throw new RangeError(`${field} must be a time from 1970 to 10889`)
}

export function sameTiming(a: StoredTiming, b: StoredTiming): boolean {
  return (
    a.kind === b.kind &&
    a.text === b.text &&
    a.zone === b.zone &&
    a.startAt === b.startAt &&
    a.endAt === b.endAt
  )
}
