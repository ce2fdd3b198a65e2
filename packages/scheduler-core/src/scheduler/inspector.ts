import type { Store } from '@ashlar/lsm-store'
import { integer } from '../checks.ts'
import type { Run } from '../run/run.ts'
import { entries } from '../storage/entries.ts'
import type { Journal } from '../storage/journal.ts'
import {
  ID_BYTES,
  type Layout,
  MAX_TIME,
  type Place,
  readPlace,
  readWaitingPlace,
} from '../storage/layout.ts'
import type { Queue } from '../storage/queue.ts'
import type { QueueDirectory } from '../storage/queue-directory.ts'
import type { ResultTable } from '../storage/result-table.ts'
import type { DamageReport } from '../storage/task-reader.ts'
import { idBytes } from '../task/id.ts'
import { decodeTask } from '../task/record.ts'
import { type TaskView, viewOf, viewOfResult } from '../task/view.ts'
import { type ListQuery, type ListState, matcherOf, statesOf } from './list-query.ts'

/** Stored entries that one page looks at, however few of them it shows. */
const MAX_EXAMINED = 10_000
const MAX_PAGE = 1_000

/** A page of tasks. When tasks are searched for, a page may be empty and yet have a cursor. */
export interface ListPage {
  readonly tasks: readonly TaskView[]
  /** Pass it on for the next page; `undefined` at the end. */
  readonly cursor: string | undefined
}

export interface InspectorParts {
  readonly store: Store
  readonly layout: Layout
  readonly journal: Journal
  readonly directory: QueueDirectory
  readonly results: ResultTable
  readonly runs: () => Iterable<Run>
  readonly onDamage: DamageReport
}

const TAGS = {
  scheduled: 'due',
  waiting: 'waiting',
  blocked: 'blocked',
  dead: 'dead',
  completed: 'result',
} as const

type StoredState = keyof typeof TAGS

/** Where a page ended: the state, and the key in the store or the sequence of a run. */
type Cursor = readonly [state: ListState, last: string]

/** Lists and searches tasks, a bounded page at a time. */
export class Inspector {
  readonly #parts: InspectorParts

  constructor(parts: InspectorParts) {
    this.#parts = parts
  }

  list(query: ListQuery): ListPage {
    const limit = integer('limit', query.limit ?? 100, 1, MAX_PAGE)
    const states = statesOf(query.state)
    const wanted = matcherOf(query)
    const from = query.cursor === undefined ? undefined : decodeCursor(query.cursor, states)
    this.#parts.journal.barrier()
    const tasks: TaskView[] = []
    let examined = 0
    const start = from === undefined ? 0 : states.indexOf(from[0])
    for (const [index, state] of states.slice(start).entries()) {
      const after = index === 0 ? from?.[1] : undefined
      let last: Cursor | undefined
      for (const [position, view] of this.#each(state, query, after)) {
        if (tasks.length === limit || examined === MAX_EXAMINED) {
          return { tasks, cursor: encodeCursor(last ?? [state, '']) }
        }
        examined += 1
        last = [state, position]
        if (view !== undefined && wanted(view)) tasks.push(view)
      }
    }
    return { tasks, cursor: undefined }
  }

  /** Every task in a state behind a position, with its own position. */
  *#each(
    state: ListState,
    query: ListQuery,
    after: string | undefined,
  ): Generator<[position: string, view: TaskView | undefined]> {
    if (state === 'running') yield* this.#running(after)
    else yield* this.#stored(state, query, after)
  }

  *#running(after = '0'): Generator<[position: string, view: TaskView]> {
    const runs = [...this.#parts.runs()].sort((a, b) => a.task.seq - b.task.seq)
    for (const { task, progress } of runs) {
      if (task.seq > Number(after)) yield [String(task.seq), viewOf(task, progress)]
    }
  }

  *#stored(
    state: StoredState,
    query: ListQuery,
    after: string | undefined,
  ): Generator<[position: string, view: TaskView | undefined]> {
    const { store, layout } = this.#parts
    const running = new Set(Array.from(this.#parts.runs(), ({ task }) => task.seq))
    const behind = after === undefined || after === '' ? undefined : Buffer.from(after, 'base64url')
    for (const stream of this.#streams(query)) {
      const { gte, lt } = this.#bounds(state, stream, query)
      // The first key behind one is that with a zero byte more.
      const next = behind && Buffer.concat([layout.prefix, behind, Uint8Array.of(0)])
      if (next !== undefined && Buffer.compare(next, lt) >= 0) continue
      const from = next !== undefined && Buffer.compare(next, gte) > 0 ? next : gte
      for (const [key, value] of entries(store, { gte: from, lt })) {
        const position = Buffer.from(key.subarray(layout.prefix.length)).toString('base64url')
        yield [position, this.#view(state, key, value, running)]
      }
    }
  }

  /** The streams that a query is about, in the order of their numbers. */
  #streams({ queue, tenant }: ListQuery): Iterable<Queue> {
    const { directory } = this.#parts
    const streams = queue === undefined ? directory.all() : (directory.group(queue)?.streams ?? [])
    const wanted = [...streams].filter((each) => tenant === undefined || each.tenant === tenant)
    return wanted.sort((a, b) => a.number - b.number)
  }

  /** In the order of time only what lies in the range is read. */
  #bounds(state: StoredState, { number }: Queue, { from = 0, to = MAX_TIME }: ListQuery) {
    const { layout } = this.#parts
    const all = layout.bounds(TAGS[state], number)
    if (state !== 'scheduled') return all
    const first = Math.min(MAX_TIME, Math.max(0, Math.ceil(Number(from))))
    const end = Math.ceil(Number(to))
    const lt = end >= MAX_TIME ? all.lt : layout.task('due', number, Math.max(0, end), 0)
    return { gte: layout.task('due', number, first, 0), lt }
  }

  #view(
    state: StoredState,
    key: Uint8Array,
    value: Uint8Array,
    running: ReadonlySet<number>,
  ): TaskView | undefined {
    const { layout, directory, results } = this.#parts
    const read = state === 'waiting' ? readWaitingPlace : readPlace
    const place: Place = read(key, layout.headLength)
    const queue = directory.get(place.queue)
    if (queue === undefined || running.has(place.seq)) return undefined
    if (state === 'completed') {
      const stored = results.find(place)
      if (stored === undefined) return undefined
      return viewOfResult(queue, idBytes(place.queue, place.at, place.seq), stored)
    }
    const area = TAGS[state]
    try {
      return viewOf(decodeTask(queue, area, place.at, place.seq, value))
    } catch (error) {
      this.#parts.onDamage(queue, key, error)
      return undefined
    }
  }
}

function encodeCursor([state, last]: Cursor): string {
  return `${state}.${last}`
}

function decodeCursor(cursor: string, states: readonly ListState[]): Cursor {
  const [name, last = ''] = cursor.split('.')
  const state = states.find((each) => each === name)
  const key = Buffer.from(last, 'base64url')
  const sound = name === 'running' ? /^\d*$/.test(last) : last === '' || key.length > ID_BYTES
  if (state === undefined || !sound) throw new RangeError('cursor must come from an earlier page')
  return [state, last]
}
