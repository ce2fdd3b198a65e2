import { readUint48, writeUint48 } from '../bytes/integers.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { PREFIX_BYTES, spaceIdOf } from '../keyspace/space.ts'
import {
  EXPIRY_BYTES,
  KIND_DELETE,
  KIND_EXPIRING_PUT,
  KIND_PUT,
  KIND_SEPARATED,
} from '../memtable/record.ts'
import type { ValueFiles } from '../value-files/value-files.ts'
import type { CompactionFilter } from './compaction-filter.ts'
import { MadeEntry } from './made-entry.ts'

/** Asks the filters of keyspaces about entries that are about to be written. */
export class EntryFilters {
  readonly #filters: ReadonlyMap<number, CompactionFilter>
  readonly #level: number
  /** Where values are that are not in their entries. */
  readonly #values: ValueFiles | undefined
  readonly #made: MadeEntry = new MadeEntry()

  constructor(
    filters: ReadonlyMap<number, CompactionFilter>,
    level: number,
    values: ValueFiles | undefined,
  ) {
    this.#filters = filters
    this.#level = level
    this.#values = values
  }

  get any(): boolean {
    return this.#filters.size > 0
  }

  /** The entry as it is to be written: itself, a delete, or one with another value. */
  ask(entry: Cursor): Cursor {
    const { key, keyStart, keyEnd, kind } = entry
    if (kind !== KIND_PUT && kind !== KIND_EXPIRING_PUT && kind !== KIND_SEPARATED) return entry
    const space = spaceIdOf(key, keyStart, keyEnd)
    const filter = this.#filters.get(space)
    if (filter === undefined) return entry
    const skip = space === 0 ? 0 : PREFIX_BYTES
    const expiresAt = kind === KIND_PUT ? 0 : readUint48(entry.value, entry.valueStart)
    const found = this.#valueOf(entry)
    const verdict = this.#verdict(filter, key.slice(keyStart + skip, keyEnd), found, entry.sequence)
    if (verdict === 'drop') {
      entry.kind = KIND_DELETE
      return entry
    }
    if (!(verdict instanceof Uint8Array)) return entry
    const expiry = expiresAt === 0 ? 0 : EXPIRY_BYTES
    const value = new Uint8Array(expiry + verdict.length)
    if (expiry > 0) writeUint48(value, 0, expiresAt)
    value.set(verdict, expiry)
    const written = expiry > 0 ? KIND_EXPIRING_PUT : KIND_PUT
    return this.#made.set(key.slice(keyStart, keyEnd), written, entry.sequence, value)
  }

  #valueOf({ kind, value, valueStart, valueEnd }: Cursor): Uint8Array {
    const start = kind === KIND_PUT ? valueStart : valueStart + EXPIRY_BYTES
    const values = kind === KIND_SEPARATED ? this.#values : undefined
    return values === undefined ? value.slice(start, valueEnd) : values.readAt(value, start)
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
