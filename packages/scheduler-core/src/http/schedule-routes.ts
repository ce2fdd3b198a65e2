import type { Schema } from '@ashlar/service-kit'
import { RequestError } from '@ashlar/service-kit'
import type { FastifyRequest } from 'fastify'
import type { PreviewOptions } from '../recurrence/preview.ts'
import type { ScheduleListQuery } from '../schedules/schedules.ts'
import { param, type Route } from './route.ts'
import { previewOf, scheduleOf } from './spec-of-json.ts'

const PREVIEW: Readonly<Record<string, Schema>> = {
  count: { type: 'integer', minimum: 1, maximum: 1_000, default: 10 },
  after: { type: 'integer', minimum: 0, description: 'Only times after this; absent: now' },
}

/** Tasks that recur. */
export const SCHEDULE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/schedules',
    id: 'listSchedules',
    summary: 'A page of schedules, by id',
    query: {
      limit: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
      cursor: { type: 'string' },
    },
    status: 200,
    answer: 'SchedulePage',
    run: (scheduler, request) => scheduler.schedules.list(request.query as ScheduleListQuery),
  },
  {
    method: 'POST',
    path: '/schedules/preview',
    id: 'previewTiming',
    summary: 'The next times of a timing that is not stored',
    body: 'TimingPreview',
    status: 200,
    answer: 'Times',
    run: async (scheduler, request) => {
      const { timing, options } = previewOf(request.body)
      return { times: await scheduler.schedules.preview(timing, options) }
    },
  },
  {
    method: 'GET',
    path: '/schedules/:id',
    id: 'getSchedule',
    summary: 'One schedule as it is now',
    status: 200,
    answer: 'Schedule',
    failures: [404],
    run: async (scheduler, request) => (await scheduler.schedules.get(idOf(request))) ?? unknown(),
  },
  {
    method: 'PUT',
    path: '/schedules/:id',
    id: 'upsertSchedule',
    summary: 'Makes a schedule or changes it; while its timing is the same its next time stays',
    body: 'ScheduleSpec',
    status: 200,
    answer: 'Outcome',
    failures: [422],
    run: async (scheduler, request) => ({
      outcome: await scheduler.schedules.upsert(idOf(request), scheduleOf(request.body)),
    }),
  },
  {
    method: 'DELETE',
    path: '/schedules/:id',
    id: 'removeSchedule',
    summary: 'Forgets a schedule; tasks that it has made stay',
    status: 200,
    answer: 'Outcome',
    failures: [404],
    run: async (scheduler, request) =>
      (await scheduler.schedules.remove(idOf(request))) ? { outcome: 'removed' } : unknown(),
  },
  {
    method: 'GET',
    path: '/schedules/:id/times',
    id: 'previewSchedule',
    summary: 'The next times of a schedule',
    query: PREVIEW,
    status: 200,
    answer: 'Times',
    failures: [404],
    run: async ({ schedules }, request) => {
      const id = idOf(request)
      if ((await schedules.get(id)) === undefined) return unknown()
      return { times: await schedules.preview(id, request.query as PreviewOptions) }
    },
  },
  {
    method: 'POST',
    path: '/schedules/:id/pause',
    id: 'pauseSchedule',
    summary: 'Makes no tasks until it is resumed; those times are not made up for',
    status: 200,
    answer: 'Outcome',
    failures: [404],
    run: async (scheduler, request) =>
      (await scheduler.schedules.pause(idOf(request))) ? { outcome: 'paused' } : unknown(),
  },
  {
    method: 'POST',
    path: '/schedules/:id/resume',
    id: 'resumeSchedule',
    summary: 'Makes tasks again, from now on',
    status: 200,
    answer: 'Outcome',
    failures: [404],
    run: async (scheduler, request) =>
      (await scheduler.schedules.resume(idOf(request))) ? { outcome: 'resumed' } : unknown(),
  },
  {
    method: 'POST',
    path: '/schedules/:id/trigger',
    id: 'triggerSchedule',
    summary: 'Makes one task of a schedule now, beside its times',
    status: 201,
    answer: 'ScheduleResult',
    failures: [404],
    run: async (scheduler, request) =>
      (await scheduler.schedules.trigger(idOf(request))) ?? unknown(),
  },
]

function idOf(request: FastifyRequest): string {
  return param(request, 'id')
}

function unknown(): never {
  throw new RequestError(404, 'SCHEDULE_UNKNOWN', 'there is no such schedule')
}
