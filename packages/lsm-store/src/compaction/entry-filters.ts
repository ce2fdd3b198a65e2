import type { Cursor } from '../iterator/cursor.ts'
import { PREFIX_BYTES, spaceIdOf } from '../keyspace/space.ts'
import { EXPIRY_BYTES, KIND_DELETE, KIND_EXPIRING_PUT, KIND_PUT } from '../memtable/record.ts'
import type { CompactionFilter } from './compaction-filter.ts'
import { MadeEntry } from './made-entry.ts'

/** Asks the filters of keyspaces about entries that are about to be written. */
export class EntryFilters {
  readonly #filters: ReadonlyMap<number, CompactionFilter>
  readonly #level: number
  readonly #made: MadeEntry = new MadeEntry()

  constructor(filters: ReadonlyMap<number, CompactionFilter>, level: number) {
    this.#filters = filters
    this.#level = level
  }

  get any(): boolean {
    return this.#filters.size > 0
  }

  /** The entry as it is to be written: itself, a delete, or one with another value. */
  ask(entry: Cursor): Cursor {
    const { key, keyStart, keyEnd, kind } = entry
    if (kind !== KIND_PUT && kind !== KIND_EXPIRING_PUT) return entry
    const space = spaceIdOf(key, keyStart, keyEnd)
    const filter = this.#filters.get(space)
    if (filter === undefined) return entry
    const skip = space === 0 ? 0 : PREFIX_BYTES
    const expiry = kind === KIND_EXPIRING_PUT ? EXPIRY_BYTES : 0
    const start = entry.valueStart + expiry
    const verdict = this.#verdict(
      filter,
      key.slice(keyStart + skip, keyEnd),
      entry.value.slice(start, entry.valueEnd),
      entry.sequence,
    )
    if (verdict === 'drop') {
      entry.kind = KIND_DELETE
      return entry
    }
    if (!(verdict instanceof Uint8Array)) return entry
    const value = new Uint8Array(expiry + verdict.length)
    value.set(entry.value.subarray(entry.valueStart, start))
    value.set(verdict, expiry)
    return this.#made.set(key.slice(keyStart, keyEnd), kind, entry.sequence, value)
  }

  #verdict(
    filter: CompactionFilter,
    key: Uint8Array,
    value: Uint8Array,
    sequence: number,
  ): unknown {
    try {
      return filter(key, value, { level: this.#level, sequence })
    } catch {
      // Documented: it stays. Nobody waits for a compaction who could hear of it.
      return 'keep'
    }
  }
}
