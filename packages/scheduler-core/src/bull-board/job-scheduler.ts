import type { AppJobScheduler } from '@bull-board/api/dist/types.js'
import type { ScheduleView } from '../schedules/schedule-view.ts'
import { plain } from './job.ts'

/** A schedule as the board's job scheduler. */
export function jobSchedulerOf(schedule: ScheduleView): Omit<AppJobScheduler, 'queueName'> {
  const { id, handler, kind, pattern, timeZone, startAt, endAt, payload } = schedule
  const { nextAt, lastAt, paused, key, misfire, version } = schedule
  return {
    id,
    name: handler,
    ...(kind === 'every' ? { every: Number(pattern) } : { pattern, tz: timeZone }),
    ...(startAt !== undefined && { startDate: startAt }),
    ...(endAt !== undefined && { endDate: endAt }),
    ...(nextAt !== undefined && !paused && { next: nextAt }),
    ...(lastAt !== undefined && { lastRun: lastAt }),
    template: { data: plain(payload), opts: { key, version, misfire, paused } },
  }
}
