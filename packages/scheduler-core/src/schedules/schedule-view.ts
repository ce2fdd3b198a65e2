import type { MisfirePolicy } from '../recurrence/misfire.ts'
import type { StoredSchedule } from './schedule-record.ts'

/** A schedule as `get` and `list` show it. */
export interface ScheduleView {
  readonly id: string
  readonly kind: 'cron' | 'rrule' | 'every'
  /** The cron expression, the rule, or the milliseconds. */
  readonly pattern: string
  readonly timeZone: string
  readonly startAt: number | undefined
  readonly endAt: number | undefined
  readonly misfire: MisfirePolicy
  readonly paused: boolean
  /** The next occurrence, as stored; `undefined` when none is left. Out of date while paused. */
  readonly nextAt: number | undefined
  /** The last occurrence that became a task. */
  readonly lastAt: number | undefined
  readonly queue: string
  readonly handler: string
  readonly version: number
  readonly key: string | undefined
  readonly tenant: string | undefined
  readonly priority: number
  readonly payload: unknown
  readonly createdAt: number
  /** When an upsert last changed it. */
  readonly changedAt: number
}

export function viewOfSchedule(id: string, schedule: StoredSchedule): ScheduleView {
  const { timing, template, misfire, paused, nextAt, lastAt, createdAt, changedAt } = schedule
  const { kind, text, zone, startAt, endAt } = timing
  const { queue, handler, version, key, tenant, priority, payload } = template
  return {
    id,
    kind,
    pattern: text,
    timeZone: zone,
    startAt,
    endAt,
    misfire,
    paused,
    nextAt,
    lastAt,
    queue,
    handler,
    version,
    key,
    tenant: tenant || undefined,
    priority,
    payload,
    createdAt,
    changedAt,
  }
}
