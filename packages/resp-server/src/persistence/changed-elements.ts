import type { StoreBatch } from '@ashlar/lsm-store'
import type { Collection, ElementObserver } from '../values/collection.ts'
import { TouchedElements } from '../values/touched-elements.ts'
import { elementKey, elementValue, withName } from './layout.ts'
import type { RecordScratch } from './record-scratch.ts'

/** So many notes of before are kept, to be used again. */
const MOST_SPARE = 16

/** The collections whose elements changed since the last commit: writes these elements. */
export class ChangedElements implements ElementObserver {
  readonly #scratch: RecordScratch
  #collections: Collection[] = []
  /** Memory that the processor's caches have: new memory for each commit is slower to write to. */
  readonly #spare: TouchedElements[] = []

  constructor(scratch: RecordScratch) {
    this.#scratch = scratch
  }

  /** Collections that have changed. */
  get count(): number {
    return this.#collections.length
  }

  elementsChanged(collection: Collection): TouchedElements {
    this.#collections.push(collection)
    return this.#spare.pop() ?? new TouchedElements()
  }

  forget(): void {
    this.#collections = []
  }

  /** Puts all that has changed into the batch, but for tables that are dropped. */
  write(batch: StoreBatch, dropped: ReadonlySet<number>, takeId: () => number): void {
    const collections = this.#collections
    this.#collections = []
    for (const collection of collections) {
      const { touched } = collection
      if (touched === undefined) continue
      collection.touched = undefined
      if (!dropped.has(collection.tableId)) {
        if (collection.id === 0) collection.id = takeId()
        this.#writeTouched(batch, collection, touched)
      }
      touched.clear()
      if (touched.isSmall && this.#spare.length < MOST_SPARE) this.#spare.push(touched)
    }
  }

  #writeTouched(batch: StoreBatch, collection: Collection, touched: TouchedElements): void {
    const { names, slots, count } = touched
    for (let at = 0; at < count; at += 1) {
      this.#writeElement(batch, collection, names[at] as string | number, slots[at] as number)
    }
  }

  #writeElement(
    batch: StoreBatch,
    collection: Collection,
    element: string | number,
    slot: number,
  ): void {
    const { tableId, id } = collection
    const value = collection.encodeElement(element, slot)
    // a position is written as it is, without the string of its bytes
    const name = typeof element === 'number' ? element : collection.elementKey(element)
    const isWritten =
      value === undefined
        ? this.#scratch.deleteElement(batch, tableId, id, name)
        : this.#scratch.putElement(batch, tableId, id, name, value)
    if (isWritten) return
    const text = collection.elementKey(element)
    if (value === undefined) batch.delete(elementKey(tableId, id, text))
    else batch.put(elementKey(tableId, id, text), withName(text, elementValue(value)))
  }
}
