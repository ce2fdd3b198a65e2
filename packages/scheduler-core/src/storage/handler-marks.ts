import type { Batch, Store } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import type { HandlerRegistry } from '../run/handler-registry.ts'
import { decodeSchedule } from '../schedules/schedule-record.ts'
import { decodeTask } from '../task/record.ts'
import { entries } from './entries.ts'
import { type Layout, readPlace } from './layout.ts'
import type { QueueDirectory } from './queue-directory.ts'

/** Pairs of handler and version that an error message names. */
const MAX_NAMED = 5

/**
 * Which (handler, version) pairs were ever scheduled: a few small entries by which an opening
 * scheduler knows whether its handlers suffice, without reading a million tasks. Only when a pair
 * is in doubt are the tasks looked through.
 */
export class HandlerMarks {
  readonly #store: Store
  readonly #layout: Layout
  readonly #known = new Set<string>()

  constructor(store: Store, layout: Layout) {
    this.#store = store
    this.#layout = layout
    const head = layout.headLength
    for (const [key] of entries(store, layout.bounds('handler'))) {
      this.#known.add(Buffer.from(key.subarray(head)).toString('utf8'))
    }
  }

  /** A task of this pair goes into the batch. `certain: false`: the batch may never be written. */
  note(batch: Batch, handler: string, version: number, certain = true): void {
    const pair = pairOf(handler, version)
    if (this.#known.has(pair)) return
    if (certain) this.#known.add(pair)
    batch.put(this.#layout.text('handler', pair), '')
  }

  /** Throws HANDLER_MISSING when a stored task cannot be run by these handlers. */
  check(registry: HandlerRegistry, directory: QueueDirectory): void {
    const doubtful = new Map<string, string>()
    for (const pair of this.#known) {
      const [version, handler] = splitPair(pair)
      const refusal = registry.refusal(handler, version)
      if (refusal !== undefined) doubtful.set(pair, refusal)
    }
    if (doubtful.size === 0) return
    const pending = this.#count(doubtful, directory)
    if (pending.size === 0) return
    const reasons = [...pending]
      .slice(0, MAX_NAMED)
      .map(([pair, count]) => `${doubtful.get(pair)} (${count} pending)`)
    throw new SchedulerError(
      'HANDLER_MISSING',
      `stored tasks cannot run: ${reasons.join('; ')}. Register the handlers, or their upgrades.`,
    )
  }

  #count(
    pairs: ReadonlyMap<string, string>,
    directory: QueueDirectory,
  ): ReadonlyMap<string, number> {
    const pending = new Map<string, number>()
    for (const area of ['due', 'waiting', 'blocked'] as const) {
      for (const [key, value] of entries(this.#store, this.#layout.bounds(area))) {
        const queue = directory.get(readPlace(key, this.#layout.headLength).queue)
        if (queue === undefined) continue
        const pair = safely(() => {
          const task = decodeTask(queue, area, 0, 0, value)
          return pairOf(task.handler, task.version)
        })
        if (pair === undefined || !pairs.has(pair)) continue
        pending.set(pair, (pending.get(pair) ?? 0) + 1)
      }
    }
    for (const [, value] of entries(this.#store, this.#layout.bounds('schedule'))) {
      const pair = safely(() => {
        const { template } = decodeSchedule(value)
        return pairOf(template.handler, template.version)
      })
      if (pair === undefined || !pairs.has(pair)) continue
      pending.set(pair, (pending.get(pair) ?? 0) + 1)
    }
    return pending
  }
}

function pairOf(handler: string, version: number): string {
  return `${version} ${handler}`
}

function splitPair(pair: string): [version: number, handler: string] {
  const space = pair.indexOf(' ')
  return [Number(pair.slice(0, space)), pair.slice(space + 1)]
}

/** A damaged task is reported when it is read to be run; here it counts for nothing. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
