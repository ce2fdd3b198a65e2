import type { CancelOutcome, EditOutcome, RescheduleOutcome } from '../scheduler/bookings.ts'
import type { ListPage } from '../scheduler/inspector.ts'
import type { TaskView } from '../task/view.ts'
import { type Answer, Caller, codeOf, failureOf } from './http-caller.ts'
import { remoteSchedules } from './schedule-target.ts'
import type { Stats, Target } from './target.ts'

/** The tasks of a running server, over its HTTP surface. */
export function remoteTarget(url: string, token: string | undefined): Target {
  const caller = new Caller(url, token)
  const task = (id: string, rest = ''): string => `/tasks/${encodeURIComponent(id)}${rest}`
  const queue = (name: string, rest: string): string => `/queues/${encodeURIComponent(name)}${rest}`
  return {
    schedules: remoteSchedules(caller),
    list: async (query) => (await caller.ok('GET', `/tasks?${caller.query(query)}`)) as ListPage,
    get: async (id) => (await caller.find('GET', task(id))) as TaskView | undefined,
    cancel: (id) => outcomeOf<CancelOutcome>(caller.call('DELETE', task(id))),
    reschedule: (id, due) => outcomeOf<RescheduleOutcome>(caller.call('PATCH', task(id), due)),
    edit: (id, change) => outcomeOf<EditOutcome>(caller.call('PATCH', task(id), change)),
    async redrive(what) {
      const path = typeof what === 'string' ? task(what) : queue(what.queue, '')
      const found = await caller.find('POST', `${path}/redrive`)
      return (found as { readonly redriven: number } | undefined)?.redriven ?? 0
    },
    pause: async (name, of) =>
      void (await caller.ok('POST', queue(name, `/pause?${caller.query(of ?? {})}`))),
    resume: async (name, of) =>
      void (await caller.ok('POST', queue(name, `/resume?${caller.query(of ?? {})}`))),
    stats: async () => (await caller.ok('GET', '/metrics.json')) as Stats,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function outcomeOf<T extends string>(call: Promise<Answer>): Promise<T> {
  const answer = await call
  const { outcome } = answer.body as { outcome?: T }
  if (answer.status < 400 && outcome !== undefined) return outcome
  const code = codeOf(answer)
  if (code === 'TASK_TOO_LATE') return 'too-late' as T
  if (code === 'TASK_UNKNOWN') return 'unknown' as T
  throw failureOf(answer)
}
