import type { PreviewOptions } from '../recurrence/preview.ts'
import type { ScheduleResult } from '../scheduler/bookings.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { ScheduleView } from '../schedules/schedule-view.ts'
import type { ScheduleListPage, ScheduleListQuery } from '../schedules/schedules.ts'
import type { Caller } from './http-caller.ts'

/** The schedules that a command works on. */
export interface ScheduleTarget {
  list(query: ScheduleListQuery): Promise<ScheduleListPage>
  get(id: string): Promise<ScheduleView | undefined>
  /** `undefined`: there is no such schedule. */
  preview(id: string, options: PreviewOptions): Promise<readonly number[] | undefined>
  pause(id: string): Promise<boolean>
  resume(id: string): Promise<boolean>
  remove(id: string): Promise<boolean>
  trigger(id: string): Promise<ScheduleResult | undefined>
}

export function localSchedules({ schedules }: Scheduler): ScheduleTarget {
  return {
    list: async (query) => schedules.list(query),
    get: async (id) => schedules.get(id),
    preview: async (id, options) =>
      schedules.get(id) === undefined ? undefined : schedules.preview(id, options),
    pause: (id) => schedules.pause(id),
    resume: (id) => schedules.resume(id),
    remove: (id) => schedules.remove(id),
    trigger: (id) => schedules.trigger(id),
  }
}

export function remoteSchedules(caller: Caller): ScheduleTarget {
  const path = (id: string, rest = ''): string => `/schedules/${encodeURIComponent(id)}${rest}`
  const has = async (method: string, at: string): Promise<boolean> =>
    (await caller.find(method, at)) !== undefined
  return {
    async list(query) {
      return (await caller.ok('GET', `/schedules?${caller.query(query)}`)) as ScheduleListPage
    },
    async get(id) {
      return (await caller.find('GET', path(id))) as ScheduleView | undefined
    },
    async preview(id, { after, ...rest }) {
      const fields = { ...rest, ...(after !== undefined && { after: Number(after) }) }
      const found = await caller.find('GET', `${path(id, '/times')}?${caller.query(fields)}`)
      return (found as { readonly times: readonly number[] } | undefined)?.times
    },
    pause: (id) => has('POST', path(id, '/pause')),
    resume: (id) => has('POST', path(id, '/resume')),
    remove: (id) => has('DELETE', path(id)),
    async trigger(id) {
      return (await caller.find('POST', path(id, '/trigger'))) as ScheduleResult | undefined
    },
  }
}
