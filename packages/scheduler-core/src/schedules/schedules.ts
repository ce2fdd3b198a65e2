import { checkName, integer } from '../checks.ts'
import { SchedulerError } from '../errors.ts'
import { checkMisfire, firingOf, type MisfirePolicy } from '../recurrence/misfire.ts'
import { type PreviewOptions, previewOf } from '../recurrence/preview.ts'
import { type Recurrence, recurrenceOf } from '../recurrence/recurrence.ts'
import { checkTiming, sameTiming, type Timing } from '../recurrence/timing.ts'
import type { HandlerMap, PayloadOf } from '../run/handler.ts'
import type { Bookings, ScheduleResult } from '../scheduler/bookings.ts'
import type { Changes } from '../scheduler/changes.ts'
import type { Kernel } from '../scheduler/kernel.ts'
import { type CheckedSpec, checkSpec, type TaskSpec } from '../task/spec.ts'
import { encodeSchedule, type StoredSchedule, type TaskTemplate } from './schedule-record.ts'
import { type ScheduleView, viewOfSchedule } from './schedule-view.ts'

/** Patterns that are kept ready; others are read again when they are needed. */
const MAX_KEPT = 1_000
const MAX_PAGE = 1_000

type Template<N extends string, P> = Omit<
  TaskSpec<N, P>,
  'dueAt' | 'delayMs' | 'uniqueKey' | 'onConflict'
>

/** What a schedule makes, and when. */
export type ScheduleSpec<N extends string = string, P = unknown> = Template<N, P> &
  Timing & {
    /** What happens to occurrences that were missed. Default `once`. */
    readonly misfire?: MisfirePolicy
  }

/** A schedule for any of the handlers of a map, with the payload that it takes. */
export type ScheduleSpecOf<H extends HandlerMap> = {
  [N in keyof H & string]: ScheduleSpec<N, PayloadOf<H[N]>>
}[keyof H & string]

export type UpsertOutcome = 'created' | 'updated' | 'unchanged'

export interface ScheduleListQuery {
  /** Schedules in a page, 1 to 1 000. Default 100. */
  readonly limit?: number
  /** Where the last page ended. */
  readonly cursor?: string
}

export interface ScheduleListPage {
  readonly schedules: readonly ScheduleView[]
  readonly cursor: string | undefined
}

/**
 * Tasks that recur, each schedule under an id of its own. An occurrence becomes a task in one batch
 * with the schedule's step to the next one: so it becomes one task, exactly, however often the
 * schedule is upserted and whenever the process ends. The task has the unique key
 * `<schedule id>@<time of the occurrence>`, and that time as its `dueAt`.
 */
export class Schedules<H extends HandlerMap = HandlerMap> {
  readonly #kernel: Kernel
  readonly #bookings: Bookings
  readonly #changes: Changes
  readonly #kept = new Map<string, Recurrence>()
  #count = 0

  /** @internal */
  constructor(kernel: Kernel, bookings: Bookings, changes: Changes) {
    this.#kernel = kernel
    this.#bookings = bookings
    this.#changes = changes
    for (const [id, schedule] of this.#all()) {
      this.#count += 1
      kernel.ticker.set(id, schedule.paused ? undefined : schedule.nextAt)
    }
    if (this.#count > 0) kernel.maintenance.watchClock()
    if (kernel.options.run) kernel.ticker.start((id, now) => this.#fire(id, now))
  }

  /**
   * Makes a schedule, or changes the one with this id. Made for calls at every deploy, from every
   * instance: while the timing is the same its next occurrence stays, also one that was missed. A
   * new timing starts now. Whether it is paused stays as it is.
   *
   * @throws RangeError, TypeError for a pattern or zone that cannot be read; SchedulerError
   * `HANDLER_MISSING`, `PAYLOAD_INVALID`, `SCHEDULER_BUSY` at `maxSchedules`, `SCHEDULER_CLOSED`.
   */
  upsert(id: string, spec: ScheduleSpecOf<H>): Promise<UpsertOutcome> {
    return this.#changes.make(() => this.#upsert(id, spec as ScheduleSpec))
  }

  get(id: string): ScheduleView | undefined {
    this.#changes.checkReadable()
    const schedule = this.#kernel.schedules.read(id)
    return schedule === undefined ? undefined : viewOfSchedule(id, schedule)
  }

  /** A page of schedules, by id. */
  list(query: ScheduleListQuery = {}): ScheduleListPage {
    this.#changes.checkReadable()
    const limit = integer('limit', query.limit ?? 100, 1, MAX_PAGE)
    const schedules: ScheduleView[] = []
    for (const [id, schedule] of this.#all(query.cursor)) {
      if (schedules.length === limit) return { schedules, cursor: schedules[limit - 1]?.id }
      schedules.push(viewOfSchedule(id, schedule))
    }
    return { schedules, cursor: undefined }
  }

  /** The next times of a schedule, or of a timing that is not a schedule yet. */
  preview(what: string | Timing, options: PreviewOptions = {}): number[] {
    this.#changes.checkReadable()
    const now = this.#kernel.options.clock.now()
    if (typeof what !== 'string')
      return previewOf(recurrenceOf(checkTiming(what), now), options, now)
    const schedule = this.#kernel.schedules.read(what)
    return schedule === undefined ? [] : previewOf(this.#recurrenceOf(what, schedule), options, now)
  }

  /** No tasks are made until `resume`; what falls into that time is never made up for. */
  pause(id: string): Promise<boolean> {
    return this.#changes.make(() => this.#setPaused(id, true))
  }

  resume(id: string): Promise<boolean> {
    return this.#changes.make(() => this.#setPaused(id, false))
  }

  /** Forgets a schedule. Tasks that it has made stay. */
  remove(id: string): Promise<boolean> {
    return this.#changes.make(() => {
      const { schedules, journal, ticker } = this.#kernel
      if (schedules.read(id) === undefined) return false
      schedules.erase(journal.begin(), id)
      ticker.set(id, undefined)
      this.#kept.delete(id)
      this.#count -= 1
      return true
    })
  }

  /** Makes one task of a schedule now, beside its occurrences; `undefined`: no such schedule. */
  trigger(id: string): Promise<ScheduleResult | undefined> {
    return this.#changes.make(() => {
      const schedule = this.#kernel.schedules.read(id)
      if (schedule === undefined) return undefined
      const now = Math.ceil(this.#kernel.options.clock.now())
      const [result] = this.#bookings.book([taskOf(id, schedule.template, now, now)])
      return result
    })
  }

  #upsert(id: string, spec: ScheduleSpec): UpsertOutcome {
    checkName(id, 'the id of a schedule')
    const { registry, options, schedules, journal, ticker, marks } = this.#kernel
    const now = Math.ceil(options.clock.now())
    const timing = checkTiming(spec)
    const misfire = checkMisfire(spec.misfire ?? 'once')
    const template = templateOf(checkSpec(templateOnly(spec), registry, options.run, now))
    const before = schedules.read(id)
    if (before === undefined && this.#count >= options.maxSchedules) {
      const message = `there are ${this.#count} schedules, the most allowed: see maxSchedules`
      throw new SchedulerError('SCHEDULER_BUSY', message)
    }
    const kept = before !== undefined && sameTiming(before.timing, timing) ? before : undefined
    const anchor = kept?.anchor ?? now
    const nextAt = kept === undefined ? recurrenceOf(timing, anchor).next(now) : kept.nextAt
    const { paused = false, lastAt, createdAt = now } = before ?? {}
    const after: StoredSchedule = {
      template,
      timing,
      misfire,
      paused,
      nextAt,
      lastAt,
      anchor,
      createdAt,
      changedAt: before?.changedAt ?? now,
    }
    const encoded = encodeSchedule(after)
    if (before !== undefined && Buffer.compare(encodeSchedule(before), encoded) === 0) {
      return 'unchanged'
    }
    const batch = journal.begin()
    schedules.write(batch, id, encodeSchedule({ ...after, changedAt: now }))
    marks.note(batch, template.handler, template.version)
    this.#kept.delete(id)
    if (before === undefined) this.#count += 1
    ticker.set(id, paused ? undefined : nextAt)
    this.#kernel.maintenance.watchClock()
    return before === undefined ? 'created' : 'updated'
  }

  #setPaused(id: string, paused: boolean): boolean {
    const { schedules, journal, ticker, options } = this.#kernel
    const schedule = schedules.read(id)
    if (schedule === undefined) return false
    if (schedule.paused === paused) return true
    const now = options.clock.now()
    const { nextAt } = schedule
    const missed = !paused && nextAt !== undefined && nextAt <= now
    const next = missed ? this.#recurrenceOf(id, schedule).next(now) : nextAt
    schedules.write(journal.begin(), id, encodeSchedule({ ...schedule, paused, nextAt: next }))
    ticker.set(id, paused ? undefined : next)
    return true
  }

  /** Makes the tasks of what is due, and steps on, in one batch. */
  #fire(id: string, now: number): void {
    const { schedules, ticker } = this.#kernel
    const schedule = schedules.read(id)
    if (schedule === undefined || schedule.paused || schedule.nextAt === undefined) {
      ticker.set(id, undefined)
      return
    }
    if (schedule.nextAt > now) {
      ticker.set(id, schedule.nextAt)
      return
    }
    const recurrence = this.#recurrenceOf(id, schedule)
    const { times, nextAt } = firingOf(recurrence, schedule.misfire, schedule.nextAt, now)
    const lastAt = times.at(-1) ?? schedule.lastAt
    const tasks = times.map((at) => taskOf(id, schedule.template, at, now))
    const encoded = encodeSchedule({ ...schedule, nextAt, lastAt })
    this.#bookings.book(tasks, (batch) => schedules.write(batch, id, encoded))
    ticker.set(id, nextAt)
    this.#kernel.runner.dispatch()
  }

  #recurrenceOf(id: string, { timing, anchor }: StoredSchedule): Recurrence {
    const known = this.#kept.get(id)
    if (known !== undefined) return known
    const recurrence = recurrenceOf(timing, anchor)
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear()
    this.#kept.set(id, recurrence)
    return recurrence
  }

  #all(after?: string): Generator<[id: string, schedule: StoredSchedule]> {
    const { schedules, observer } = this.#kernel
    return schedules.all((id, error) => observer.error(error, `damaged schedule ${id}`), after)
  }
}

function templateOnly(spec: TaskSpec): TaskSpec {
  const { dueAt, delayMs, uniqueKey } = spec
  if (dueAt === undefined && delayMs === undefined && uniqueKey === undefined) return spec
  throw new TypeError('a schedule decides dueAt, delayMs and uniqueKey itself')
}

function templateOf({ queue, tenant, draft }: CheckedSpec): TaskTemplate {
  const { handler, version, payload, key, overrides, priority = 0 } = draft
  return { queue, tenant, handler, version, payload, key, overrides, priority }
}

function taskOf(id: string, template: TaskTemplate, at: number, now: number): CheckedSpec {
  const { queue, tenant, ...rest } = template
  const uniqueKey = `${id}@${new Date(at).toISOString()}`
  const draft = { ...rest, uniqueKey, createdAt: now, scheduleId: id }
  return { queue, tenant, at, onConflict: 'ignore', draft }
}
