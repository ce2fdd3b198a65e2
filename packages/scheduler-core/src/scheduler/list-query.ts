import { checkName } from '../checks.ts'
import type { TaskState, TaskView } from '../task/view.ts'

/** A state to list; `scheduled` includes tasks that wait for a retry. */
export type ListState = Exclude<TaskState, 'retrying'>

/** Which tasks to list. What is not given does not matter. */
export interface ListQuery {
  /** One state, or some, in the order in which they are to be listed. Default: all. */
  readonly state?: ListState | readonly ListState[]
  readonly queue?: string
  readonly key?: string
  readonly tenant?: string
  readonly handler?: string
  /** Tasks that this schedule has made. */
  readonly scheduleId?: string
  /** Tasks whose `runAt` is at this time or later. */
  readonly from?: number | Date
  /** Tasks whose `runAt` is before this time. */
  readonly to?: number | Date
  /** Tasks with this text in their key, unique key, failure, or in a string of their payload. */
  readonly text?: string
  /** Tasks in a page, 1 to 1 000. Default 100. */
  readonly limit?: number
  /** Where the last page ended; the rest of the query must be the same. */
  readonly cursor?: string
}

const STATES: readonly ListState[] = [
  'running',
  'scheduled',
  'waiting',
  'blocked',
  'dead',
  'completed',
]
/** Values of a payload that a search for text looks at. */
const MAX_VALUES = 1_000

export function statesOf(state: ListQuery['state']): readonly ListState[] {
  if (state === undefined) return STATES
  const states = typeof state === 'string' ? [state] : state
  const unknown = states.find((each) => !STATES.includes(each))
  if (unknown === undefined) return states
  throw new RangeError(`state must be one of ${STATES.join(', ')}, got ${String(unknown)}`)
}

/** Whether a task is one that the query wants, its state aside. */
export function matcherOf(query: ListQuery): (view: TaskView) => boolean {
  const { key, tenant, handler, scheduleId, text } = query
  const from = timeOf(query.from, 'from', 0)
  const to = timeOf(query.to, 'to', Number.POSITIVE_INFINITY)
  if (query.queue !== undefined) checkName(query.queue, 'queue')
  return (view) =>
    (key === undefined || view.key === key) &&
    (tenant === undefined || view.tenant === tenant) &&
    (handler === undefined || view.handler === handler) &&
    (scheduleId === undefined || view.scheduleId === scheduleId) &&
    view.runAt >= from &&
    view.runAt < to &&
    (text === undefined || mentions(view, text))
}

function timeOf(time: number | Date | undefined, field: string, otherwise: number): number {
  const ms = time === undefined ? otherwise : Number(time)
  if (ms >= 0) return ms
  throw new RangeError(`${field} must be a time from 1970 on`)
}

function mentions(view: TaskView, text: string): boolean {
  const { key = '', uniqueKey = '', failure, payload } = view
  if (key.includes(text) || uniqueKey.includes(text)) return true
  return failure?.message.includes(text) === true || holds(payload, text)
}

function holds(payload: unknown, text: string): boolean {
  const open: unknown[] = [payload]
  for (let looked = 0; open.length > 0 && looked < MAX_VALUES; looked++) {
    const value = open.pop()
    if (typeof value === 'string' && value.includes(text)) return true
    if (typeof value === 'object' && value !== null) {
      open.push(...Object.values(value).slice(0, MAX_VALUES))
    }
  }
  return false
}
