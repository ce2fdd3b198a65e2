import type { Batch, Store } from '@ashlar/lsm-store'
import { entries } from '../storage/entries.ts'
import type { Journal } from '../storage/journal.ts'
import type { Layout } from '../storage/layout.ts'
import { decodeSchedule, type StoredSchedule } from './schedule-record.ts'

/** The schedules in the store, by id. */
export class ScheduleTable {
  readonly #store: Store
  readonly #layout: Layout
  readonly #journal: Journal

  constructor(store: Store, layout: Layout, journal: Journal) {
    this.#store = store
    this.#layout = layout
    this.#journal = journal
  }

  read(id: string): StoredSchedule | undefined {
    this.#journal.barrier()
    const bytes = this.#store.getSync(this.#layout.text('schedule', id))
    return bytes === undefined ? undefined : decodeSchedule(bytes)
  }

  write(batch: Batch, id: string, encoded: Uint8Array): void {
    batch.put(this.#layout.text('schedule', id), encoded)
  }

  erase(batch: Batch, id: string): void {
    batch.delete(this.#layout.text('schedule', id))
  }

  /** All, by id, from behind `after` on. What cannot be decoded is passed to `onDamage`. */
  *all(
    onDamage: (id: string, error: unknown) => void,
    after?: string,
  ): Generator<[id: string, schedule: StoredSchedule]> {
    this.#journal.barrier()
    const { gte, lt } = this.#layout.bounds('schedule')
    // The first key behind one is that with a zero byte more.
    const from = after === undefined ? gte : this.#layout.text('schedule', `${after}\0`)
    for (const [key, value] of entries(this.#store, { gte: from, lt })) {
      const id = Buffer.from(key.subarray(this.#layout.headLength)).toString('utf8')
      let schedule: StoredSchedule
      try {
        schedule = decodeSchedule(value)
      } catch (error) {
        onDamage(id, error)
        continue
      }
      yield [id, schedule]
    }
  }
}
