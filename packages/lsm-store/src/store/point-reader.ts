import type { Clock } from '@ashlar/codec'
import { copyRange } from '../bytes/copy.ts'
import { hashRange } from '../bytes/hash.ts'
import { readUint48 } from '../bytes/integers.ts'
import { readError } from '../errors.ts'
import type { Space } from '../keyspace/space.ts'
import type { TableSet } from '../manifest/table-set.ts'
import { findInRun, type Version } from '../manifest/version.ts'
import type { Memtable } from '../memtable/memtable.ts'
import {
  EXPIRY_BYTES,
  KIND_EXPIRING_PUT,
  KIND_MERGE,
  KIND_PUT,
  KIND_SEPARATED,
} from '../memtable/record.ts'
import { checkOperator } from '../merge/check-operator.ts'
import type { Table } from '../sstable/table.ts'
import type { LogSegment } from '../wal/log-segment.ts'
import type { ReadView } from './read-view.ts'
import type { Segments } from './segments.ts'

/** From when a read sees. */
export interface ReadPoint {
  readonly sequence: number
  /** The wall clock's time for entries that expire; undefined is the time of the read. */
  readonly now: number | undefined
  /** Where to look; undefined is where the store is now. */
  readonly view?: ReadView | undefined
}

/**
 * Looks up single keys: the newest visible version, whatever is in its way. The fields are the
 * result of the last lookup, so that one allocates nothing.
 */
export class PointReader {
  /** The newest version that is visible, whatever it is. */
  kind = 0
  sequence = 0
  bytes: Uint8Array = new Uint8Array(0)
  valueStart = 0
  valueEnd = 0
  /** When the entry ends; 0 for never. */
  expiresAt = 0
  /** Sequence of the newest delete of a range that holds the key. */
  erased = 0
  /** Where in memory it was found; undefined for a table. */
  #memtable: Memtable | undefined
  #id = -1
  readonly #segments: Segments
  readonly #tables: TableSet
  readonly #clock: Clock
  readonly #path: string

  constructor(segments: Segments, tables: TableSet, clock: Clock, path: string) {
    this.#segments = segments
    this.#tables = tables
    this.#version = tables.version
    this.#clock = clock
    this.#path = path
  }

  /** Where lookups go. */
  #list: readonly LogSegment[] = []
  #version: Version

  #lookInto(view: ReadView | undefined): void {
    this.#list = view?.segments ?? this.#segments.list
    this.#version = view?.version ?? this.#tables.version
  }

  /** True when the key that `space.key` holds has an entry; {@link PointReader.value} then is its value. */
  find(space: Space, point: ReadPoint): boolean {
    const { bytes, length } = space.key
    this.#lookInto(point.view)
    if (!this.#locate(bytes, length, point.sequence) || this.sequence < this.erased) return false
    if (this.kind === KIND_PUT) return true
    if (this.kind === KIND_EXPIRING_PUT || this.kind === KIND_SEPARATED) return this.#isAlive(point)
    return this.kind === KIND_MERGE && this.#fold(space, point)
  }

  #isAlive(point: ReadPoint): boolean {
    this.expiresAt = readUint48(this.bytes, this.valueStart)
    this.valueStart += EXPIRY_BYTES
    if (this.expiresAt === 0 && this.kind === KIND_SEPARATED) return true
    return this.expiresAt > (point.now ?? this.#clock.now())
  }

  /** A copy of the value of what was found; read only now when it is in a value file. */
  value(): Uint8Array {
    const { kind, bytes, valueStart, valueEnd } = this
    if (kind !== KIND_SEPARATED) return copyRange(bytes, valueStart, valueEnd)
    try {
      return this.#tables.context.values.readAt(bytes, valueStart)
    } catch (error) {
      throw readError(error, this.#path)
    }
  }

  /** Merges the operands of the key, older ones first, into what they are merged into. */
  #fold(space: Space, point: ReadPoint): boolean {
    checkOperator(space)
    const { bytes: key, length } = space.key
    const { sequence, erased } = this
    const operands: Uint8Array[] = []
    let found = true
    // A range delete between the operands shows only from where they are looked for.
    let cut = erased
    while (found && this.sequence > cut && this.kind === KIND_MERGE) {
      operands.push(this.bytes.slice(this.valueStart, this.valueEnd))
      found = this.#locateOlder(key, length)
      cut = Math.max(cut, this.erased)
    }
    let value: Uint8Array | undefined
    if (found && this.sequence > cut) {
      const isPut = this.kind === KIND_EXPIRING_PUT || this.kind === KIND_SEPARATED
      if (this.kind === KIND_PUT || (isPut && this.#isAlive(point))) value = this.value()
    }
    const merge = space.operator?.merge
    for (let i = operands.length - 1; merge !== undefined && i >= 0; i--) {
      const operand = operands[i] as Uint8Array
      value = value === undefined ? operand : merge(value, operand)
    }
    const folded = value as Uint8Array
    this.kind = KIND_MERGE
    this.sequence = sequence
    this.erased = erased
    this.bytes = folded
    this.valueStart = 0
    this.valueEnd = folded.length
    this.expiresAt = 0
    return true
  }

  /** Finds the newest version up to `sequence`, a delete too; false when nothing is known of the key. */
  locate(key: Uint8Array, length: number, sequence: number): boolean {
    this.#lookInto(undefined)
    return this.#locate(key, length, sequence)
  }

  #locate(key: Uint8Array, length: number, sequence: number): boolean {
    const hash = hashRange(key, 0, length)
    const list = this.#list
    this.expiresAt = 0
    this.erased = 0
    for (let i = 0; i < list.length; i++) {
      const { memtable, ingested } = list[i] as LogSegment
      const { ranges } = memtable
      if (ingested.length > 0 && this.#locateIn(ingested, key, length, hash, sequence)) return true
      if (ranges.size > 0) this.erased = ranges.newest(key, 0, length, sequence)
      const id = memtable.find(key, length, hash, sequence)
      if (id >= 0) {
        this.#show(memtable, id)
        return true
      }
      // What is older than the memtable is older than its range deletes.
      if (this.erased > 0) return false
    }
    return this.#locateInTables(key, length, hash, sequence)
  }

  #show(memtable: Memtable, id: number): void {
    const { kind, keyEnd, valueEnd } = memtable.read(id)
    this.#memtable = memtable
    this.#id = id
    this.kind = kind
    this.sequence = memtable.firstSequence + id
    this.bytes = memtable.arena
    this.valueStart = keyEnd
    this.valueEnd = valueEnd
  }

  /** On to the next older version of the key that was located, without looking it up anew. */
  #locateOlder(key: Uint8Array, length: number): boolean {
    const memtable = this.#memtable
    if (memtable === undefined) return this.#locate(key, length, this.sequence - 1)
    const id = memtable.olderThan(this.#id)
    if (id < 0) return this.#locate(key, length, memtable.firstSequence - 1)
    this.#show(memtable, id)
    return true
  }

  #locateInTables(key: Uint8Array, length: number, hash: number, sequence: number): boolean {
    const version = this.#version
    if (version.ranges.size > 0) this.erased = version.ranges.newest(key, 0, length, sequence)
    try {
      if (!version.find(key, length, hash, sequence)) return false
    } catch (error) {
      throw readError(error, this.#path)
    }
    this.#showBlock()
    return true
  }

  /** The same in tables that came with a log. */
  #locateIn(
    run: readonly Table[],
    key: Uint8Array,
    length: number,
    hash: number,
    sequence: number,
  ): boolean {
    try {
      if (!findInRun(run, key, length, hash, sequence)) return false
    } catch (error) {
      throw readError(error, this.#path)
    }
    this.#showBlock()
    return true
  }

  #showBlock(): void {
    const { block } = this.#tables.context
    this.#memtable = undefined
    this.kind = block.kind
    this.sequence = block.sequence
    this.bytes = block.bytes
    this.valueStart = block.valueStart
    this.valueEnd = block.valueEnd
  }
}
