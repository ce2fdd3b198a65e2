import { StandingCursor } from '../iterator/standing-cursor.ts'
import type { MemtableImage } from './memtable.ts'
import { RecordReader } from './record.ts'

/** So many records are fetched at a time. */
const FETCHED = 64
/** What a processor takes from memory at a time. */
const LINE_BYTES = 64
/** Longer records it fetches ahead by itself. */
const MOST_BYTES = 256

/**
 * Walks records of a memtable once, forwards, in an order in which they do not stand in memory, so that each has to be
 * waited for. Some are touched at a time, with nothing to be done in between: then the processor waits for
 * all of them together.
 */
export class OrderedRecords extends StandingCursor {
  readonly #image: MemtableImage
  readonly #ids: Int32Array
  readonly #record: RecordReader = new RecordReader()
  readonly #addresses: Uint32Array = new Uint32Array(FETCHED)
  #position = -1
  /** Up to which position they are fetched. */
  #fetched = 0
  /** Sum of what was touched: so the touching is of use to somebody, and not left out. */
  touched = 0

  constructor(image: MemtableImage, ids: Int32Array) {
    super()
    this.#image = image
    this.#ids = ids
    this.key = image.arena
    this.value = image.arena
  }

  override first(): void {
    this.#position = -1
    this.#fetched = 0
    this.next()
  }

  override next(): void {
    const position = this.#position + 1
    this.#position = position
    this.valid = position < this.#ids.length
    if (!this.valid) return
    if (position === this.#fetched) this.#fetch(position)
    const { arena, used, firstSequence } = this.#image
    const record = this.#record
    record.read(arena, this.#addresses[position % FETCHED] as number, used)
    this.sequence = firstSequence + (this.#ids[position] as number)
    this.kind = record.kind
    this.keyStart = record.keyStart
    this.keyEnd = record.keyEnd
    this.valueStart = record.keyEnd
    this.valueEnd = record.valueEnd
  }

  #fetch(from: number): void {
    const { arena, used, addresses } = this.#image
    const ids = this.#ids
    const record = this.#record
    const count = Math.min(FETCHED, ids.length - from)
    let touched = 0
    for (let i = 0; i < count; i++) {
      const address = addresses[ids[from + i] as number] as number
      this.#addresses[i] = address
      touched += arena[address] as number
    }
    for (let i = 0; i < count; i++) {
      const address = this.#addresses[i] as number
      record.read(arena, address, used)
      const last = Math.min(record.valueEnd, address + MOST_BYTES) - 1
      for (let at = address + LINE_BYTES; at < last; at += LINE_BYTES)
        touched += arena[at] as number
      touched += arena[last] as number
    }
    this.touched = touched
    this.#fetched = from + count
  }
}
