import { checkName, integer } from '../checks.ts'
import { type PreviewOptions, previewOf } from '../recurrence/preview.ts'
import { recurrenceOf } from '../recurrence/recurrence.ts'
import { checkTiming, type Timing } from '../recurrence/timing.ts'
import type { HandlerMap } from '../run/handler.ts'
import type { ScheduleResult } from '../scheduler/bookings.ts'
import type { ScheduleView } from '../schedules/schedule-view.ts'
import type {
  ScheduleListPage,
  ScheduleListQuery,
  ScheduleSpecOf,
  UpsertOutcome,
} from '../schedules/schedules.ts'
import type { Member } from './member.ts'
import type { OperationName, ResultOf } from './operations.ts'
import { hashOfSchedule } from './routes.ts'

const MAX_PAGE = 1_000

/**
 * Tasks that recur, each schedule in the partition that its id falls into, whose owner makes its
 * tasks there: so an occurrence becomes one task, whichever members come and go. Schedules of a cluster
 * have no `key`: their tasks stand beside them.
 */
export class ClusterSchedules<H extends HandlerMap = HandlerMap> {
  readonly #member: Member

  /** @internal */
  constructor(member: Member) {
    this.#member = member
  }

  /** Makes a schedule, or changes the one with this id; see `Schedules.upsert`. */
  upsert(id: string, spec: ScheduleSpecOf<H>): Promise<UpsertOutcome> {
    if ('key' in spec && spec.key !== undefined) {
      throw new RangeError('a schedule of a cluster has no key')
    }
    return this.#on(id, 'upsertSchedule', [spec])
  }

  get(id: string): Promise<ScheduleView | undefined> {
    return this.#on(id, 'getSchedule', [])
  }

  /** A page of schedules, by id. */
  async list(query: ScheduleListQuery = {}): Promise<ScheduleListPage> {
    const limit = integer('limit', query.limit ?? 100, 1, MAX_PAGE)
    const pages = await this.#member.caller.everywhere('listSchedules', [{ ...query, limit }])
    const all = pages.flatMap(({ schedules }) => schedules)
    all.sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
    const schedules = all.slice(0, limit)
    const more = all.length > limit || pages.some(({ cursor }) => cursor !== undefined)
    return { schedules, cursor: more ? schedules.at(-1)?.id : undefined }
  }

  /** The next times of a schedule, or of a timing that is not a schedule yet. */
  async preview(what: string | Timing, options: PreviewOptions = {}): Promise<number[]> {
    if (typeof what !== 'string') {
      const now = this.#member.options.clock.now()
      return previewOf(recurrenceOf(checkTiming(what), now), options, now)
    }
    const { count, after } = options
    const from = after === undefined ? after : Number(after)
    return await this.#on(what, 'previewSchedule', [count, from])
  }

  /** No tasks are made until `resume`; what falls into that time is never made up for. */
  pause(id: string): Promise<boolean> {
    return this.#on(id, 'pauseSchedule', [])
  }

  resume(id: string): Promise<boolean> {
    return this.#on(id, 'resumeSchedule', [])
  }

  /** Forgets a schedule. Tasks that it has made stay. */
  remove(id: string): Promise<boolean> {
    return this.#on(id, 'removeSchedule', [])
  }

  /** Makes one task of a schedule now, beside its occurrences; `undefined`: no such schedule. */
  trigger(id: string): Promise<ScheduleResult | undefined> {
    return this.#on(id, 'triggerSchedule', [])
  }

  #on<N extends OperationName>(
    id: string,
    operation: N,
    args: readonly unknown[],
  ): Promise<ResultOf<N>> {
    checkName(id, 'the id of a schedule')
    const { caller, topology } = this.#member
    const hash = hashOfSchedule(id)
    return caller.choose(() => topology.partitionOf(hash), operation, [id, ...args])
  }
}
