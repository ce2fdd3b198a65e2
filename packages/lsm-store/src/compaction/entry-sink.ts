import { readUint48 } from '../bytes/integers.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { spaceIdOf } from '../keyspace/space.ts'
import {
  EXPIRY_BYTES,
  KIND_DELETE,
  KIND_EXPIRING_PUT,
  KIND_MERGE,
  KIND_PUT,
  KIND_SEPARATED,
} from '../memtable/record.ts'
import type { MergeFunction } from '../merge/merge-operator.ts'
import type { ValueFiles } from '../value-files/value-files.ts'
import type { EntryFilters } from './entry-filters.ts'
import { MadeEntry } from './made-entry.ts'
import type { OutputWriter } from './output-writer.ts'
import type { VersionFilter } from './version-filter.ts'

/** So many operands of a key are collected before they are combined. */
const MOST_OPERANDS = 256

/** @see EntrySink */
export interface EntrySinkOptions {
  readonly filter: VersionFilter
  readonly output: OutputWriter
  /** Merge operators by number of the keyspace; operands of others stay as they are. */
  readonly operators: ReadonlyMap<number, MergeFunction>
  /** Entries that ended by then are gone for everybody. */
  readonly expireBefore: number
  /** Not asked about what a snapshot sees. */
  readonly entryFilters?: EntryFilters
  /** Where values are that are not in their entries; absent where there are none. */
  readonly values?: ValueFiles | undefined
}

interface Operand {
  readonly sequence: number
  readonly value: Uint8Array
}

/** Operands of one key that the same readers see, waiting for what they are merged into. */
interface Held {
  readonly key: Uint8Array
  readonly stripe: number
  readonly merge: MergeFunction
  /** No entry of the key was written before. */
  readonly startsKey: boolean
  /** Newest first. */
  readonly operands: Operand[]
}

/**
 * What flush and compaction do with each entry, by key and newest first: what nobody can see is left
 * out, what has ended becomes a delete, operands are merged with each other and with their base.
 */
export class EntrySink {
  readonly #options: EntrySinkOptions
  readonly #made: MadeEntry = new MadeEntry()
  #held: Held | undefined
  /** No entry of the key was written yet. */
  #startsKey = true

  constructor(options: EntrySinkOptions) {
    this.#options = options
  }

  take(entry: Cursor): void {
    const { filter, output, expireBefore } = this.#options
    if (endOf(entry) <= expireBefore) entry.kind = KIND_DELETE
    const keep = filter.keeps(entry)
    const held = this.#held
    if (held !== undefined && (filter.newKey || filter.stripe !== held.stripe)) this.#release(held)
    this.#startsKey ||= filter.newKey
    if (!keep) return
    if (this.#held !== undefined) {
      if (this.#join(this.#held, entry)) return
    } else if (entry.kind === KIND_MERGE && this.#hold(entry)) return
    const written = this.#filtered(entry)
    if (written === undefined) return
    output.add(written, this.#startsKey)
    this.#startsKey = false
  }

  /** What is to be written of an entry that no operands wait for; undefined for nothing. */
  #filtered(entry: Cursor): Cursor | undefined {
    const { filter, entryFilters } = this.#options
    if (entryFilters?.any !== true || !filter.isUnseen) return entry
    const written = entryFilters.ask(entry)
    // As a delete that was written so: with nothing below, it hides nothing.
    const needless = written.kind === KIND_DELETE && filter.dropDeletes && filter.stripe === 0
    return needless ? undefined : written
  }

  /** Writes what is left. */
  end(): void {
    if (this.#held !== undefined) this.#release(this.#held)
  }

  #hold(entry: Cursor): boolean {
    const { key, keyStart, keyEnd } = entry
    const merge = this.#options.operators.get(spaceIdOf(key, keyStart, keyEnd))
    if (merge === undefined) return false
    this.#held = {
      key: key.slice(keyStart, keyEnd),
      stripe: this.#options.filter.stripe,
      merge,
      startsKey: this.#startsKey,
      operands: [operandOf(entry)],
    }
    this.#startsKey = false
    return true
  }

  /** Takes a further operand, or the base. False for an entry that stays as it is. */
  #join(held: Held, entry: Cursor): boolean {
    if (entry.kind === KIND_MERGE) {
      held.operands.push(operandOf(entry))
      if (held.operands.length > MOST_OPERANDS) combine(held, undefined)
      return true
    }
    const isEnding = endOf(entry) !== Number.POSITIVE_INFINITY
    if (isEnding || !combine(held, this.#baseOf(entry))) {
      this.#write(held, KIND_MERGE)
      return false
    }
    this.#write(held, KIND_PUT)
    return true
  }

  /** What operands are merged into; undefined for nothing. */
  #baseOf(entry: Cursor): Operand | undefined {
    if (entry.kind === KIND_PUT) return operandOf(entry)
    if (entry.kind !== KIND_SEPARATED) return undefined
    const value = this.#options.values?.readAt(entry.value, entry.valueStart + EXPIRY_BYTES)
    return value === undefined ? undefined : { sequence: entry.sequence, value }
  }

  /** Nothing more of this key comes for these readers. */
  #release(held: Held): void {
    const whole = combine(held, undefined)
    // Where nothing lies below, there is nothing that they are merged into.
    const alone = whole && held.stripe === 0 && this.#options.filter.dropDeletes
    this.#write(held, alone ? KIND_PUT : KIND_MERGE)
  }

  #write(held: Held, kind: number): void {
    let { startsKey } = held
    for (const { sequence, value } of held.operands) {
      this.#options.output.add(this.#made.set(held.key, kind, sequence, value), startsKey)
      startsKey = false
    }
    this.#held = undefined
  }
}

/** When an entry ends; for most that is never. */
function endOf({ kind, value, valueStart }: Cursor): number {
  if (kind !== KIND_EXPIRING_PUT && kind !== KIND_SEPARATED) return Number.POSITIVE_INFINITY
  const end = readUint48(value, valueStart)
  return kind === KIND_SEPARATED && end === 0 ? Number.POSITIVE_INFINITY : end
}

function operandOf({ sequence, value, valueStart, valueEnd }: Cursor): Operand {
  return { sequence, value: value.slice(valueStart, valueEnd) }
}

/** Makes one of all operands. False when the operator throws: they then stay for who reads them. */
function combine({ operands, merge }: Held, base: Operand | undefined): boolean {
  try {
    let value = base?.value
    for (let i = operands.length - 1; i >= 0; i--) {
      const operand = (operands[i] as Operand).value
      value = value === undefined ? operand : merge(value, operand)
    }
    if (!(value instanceof Uint8Array)) return false
    const [{ sequence }] = operands as [Operand]
    operands.splice(0, operands.length, { sequence, value })
    return true
  } catch {
    // The reader of the key gets the error.
    return false
  }
}
