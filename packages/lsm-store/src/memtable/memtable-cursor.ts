import { compareRanges } from '../bytes/compare.ts'
import { Cursor } from '../iterator/cursor.ts'
import type { Memtable } from './memtable.ts'

/** Walks one sorted run of a memtable. */
export class MemtableCursor extends Cursor {
  readonly #memtable: Memtable
  readonly #run: Int32Array
  #position = -1

  constructor(memtable: Memtable, run: Int32Array) {
    super()
    this.#memtable = memtable
    this.#run = run
    this.key = memtable.arena
    this.value = memtable.arena
  }

  first(): void {
    this.#moveTo(0)
  }

  last(): void {
    this.#moveTo(this.#run.length - 1)
  }

  next(): void {
    this.#moveTo(this.#position + 1)
  }

  previous(): void {
    this.#moveTo(this.#position - 1)
  }

  seek(key: Uint8Array, length: number): void {
    this.#moveTo(this.#lowerBound(key, length))
  }

  seekBefore(key: Uint8Array, length: number): void {
    this.#moveTo(this.#lowerBound(key, length) - 1)
  }

  /** How many records of the run have a key before this one. */
  position(key: Uint8Array): number {
    return this.#lowerBound(key, key.length)
  }

  #lowerBound(key: Uint8Array, length: number): number {
    const run = this.#run
    const memtable = this.#memtable
    let low = 0
    let high = run.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { keyStart, keyEnd } = memtable.read(run[middle] as number)
      if (compareRanges(memtable.arena, keyStart, keyEnd, key, 0, length) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #moveTo(position: number): void {
    const run = this.#run
    this.#position = position
    this.valid = position >= 0 && position < run.length
    if (!this.valid) return
    const id = run[position] as number
    const memtable = this.#memtable
    const record = memtable.read(id)
    this.sequence = memtable.firstSequence + id
    this.kind = record.kind
    this.keyStart = record.keyStart
    this.keyEnd = record.keyEnd
    this.valueStart = record.keyEnd
    this.valueEnd = record.valueEnd
  }
}
