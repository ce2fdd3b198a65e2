import type { Store } from '@ashlar/lsm-store'
import { integer } from '../checks.ts'
import type { Run } from '../run/run.ts'
import { entries } from '../storage/entries.ts'
import type { Journal } from '../storage/journal.ts'
import {
  ID_BYTES,
  type Layout,
  type Place,
  readPlace,
  readWaitingPlace,
  type Tag,
} from '../storage/layout.ts'
import type { QueueGroup } from '../storage/queue.ts'
import type { QueueDirectory } from '../storage/queue-directory.ts'
import type { ResultTable } from '../storage/result-table.ts'
import type { DamageReport } from '../storage/task-reader.ts'
import { idBytes } from '../task/id.ts'
import { decodeTask } from '../task/record.ts'
import { type TaskState, type TaskView, viewOf, viewOfResult } from '../task/view.ts'

/** Stored entries that one page looks at, however few of them it shows. */
const MAX_EXAMINED = 10_000
const MAX_PAGE = 1_000

/** Which tasks to list. */
export interface ListQuery {
  /** `scheduled` includes those that wait for a retry. */
  readonly state: Exclude<TaskState, 'retrying'>
  /** Default: all queues. */
  readonly queue?: string
  /** Only tasks of this key. */
  readonly key?: string
  /** Tasks in a page, 1 to 1 000. Default 100. */
  readonly limit?: number
  /** Where the last page ended. */
  readonly cursor?: string
}

/** A page of tasks. With a key, a page may be empty and yet have a cursor. */
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

/** Lists tasks, a bounded page at a time. */
export class Inspector {
  readonly #parts: InspectorParts

  constructor(parts: InspectorParts) {
    this.#parts = parts
  }

  list(query: ListQuery): ListPage {
    const limit = integer('limit', query.limit ?? 100, 1, MAX_PAGE)
    const { state, queue: name, key } = query
    const group = name === undefined ? undefined : this.#parts.directory.group(name)
    if (name !== undefined && group === undefined) return { tasks: [], cursor: undefined }
    if (state === 'running') return this.#running(group, key, limit)
    const tag = TAGS[state]
    if (tag === undefined) throw new RangeError(`state must be one of ${STATES}, got ${state}`)
    const after = query.cursor === undefined ? undefined : this.#decodeCursor(query.cursor)
    this.#parts.journal.barrier()
    const running = new Set([...this.#parts.runs()].map(({ task }) => task.seq))
    const tasks: TaskView[] = []
    let last: Uint8Array | undefined
    let examined = 0
    for (const entry of this.#entries(tag, group, after)) {
      if (tasks.length === limit || examined === MAX_EXAMINED) {
        return { tasks, cursor: this.#encodeCursor(last) }
      }
      examined += 1
      last = entry[0]
      const view = this.#view(tag, entry[0], entry[1], running)
      if (view !== undefined && (key === undefined || view.key === key)) tasks.push(view)
    }
    return { tasks, cursor: undefined }
  }

  /** Entries of one kind, behind a key, of the streams of a queue, one after the other. */
  *#entries(
    tag: Tag,
    group: QueueGroup | undefined,
    after: Uint8Array | undefined,
  ): Generator<[Uint8Array, Uint8Array]> {
    const { layout, store } = this.#parts
    for (const stream of group?.streams ?? [undefined]) {
      const { gte, lt } = layout.bounds(tag, stream?.number)
      if (after !== undefined && Buffer.compare(after, lt) >= 0) continue
      const from = after !== undefined && Buffer.compare(after, gte) >= 0 ? behind(after) : gte
      yield* entries(store, { gte: from, lt })
    }
  }

  #running(group: QueueGroup | undefined, key: string | undefined, limit: number): ListPage {
    const tasks: TaskView[] = []
    for (const run of this.#parts.runs()) {
      if (tasks.length === limit) break
      if (group !== undefined && run.task.queue.group !== group) continue
      if (key === undefined || run.task.key === key) tasks.push(viewOf(run.task, run.progress))
    }
    return { tasks, cursor: undefined }
  }

  #view(
    tag: (typeof TAGS)[keyof typeof TAGS],
    key: Uint8Array,
    value: Uint8Array,
    running: ReadonlySet<number>,
  ): TaskView | undefined {
    const { layout, directory, results } = this.#parts
    const place: Place =
      tag === 'waiting'
        ? readWaitingPlace(key, layout.headLength)
        : readPlace(key, layout.headLength)
    const queue = directory.get(place.queue)
    if (queue === undefined || running.has(place.seq)) return undefined
    if (tag === 'result') {
      const stored = results.find(place)
      if (stored === undefined) return undefined
      return viewOfResult(queue, idBytes(place.queue, place.at, place.seq), stored)
    }
    try {
      return viewOf(decodeTask(queue, tag, place.at, place.seq, value))
    } catch (error) {
      this.#parts.onDamage(queue, key, error)
      return undefined
    }
  }

  #encodeCursor(key: Uint8Array | undefined): string | undefined {
    if (key === undefined) return undefined
    return Buffer.from(key.subarray(this.#parts.layout.headLength - 1)).toString('base64url')
  }

  #decodeCursor(cursor: string): Uint8Array {
    const tail = Buffer.from(cursor, 'base64url')
    if (tail.length <= ID_BYTES) throw new RangeError('cursor must come from an earlier page')
    return Buffer.concat([this.#parts.layout.prefix, tail])
  }
}

/** The first key after one. */
function behind(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, Uint8Array.of(0)])
}

const STATES = "'scheduled', 'waiting', 'blocked', 'running', 'dead', 'completed'"
