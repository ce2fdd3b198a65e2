import { compareRanges } from '../bytes/compare.ts'
import { Cursor } from '../iterator/cursor.ts'
import type { Table } from './table.ts'
import { TableCursor } from './table-cursor.ts'

/** Position of the first table whose largest key is not before this one. */
export function findTable(tables: readonly Table[], key: Uint8Array, length: number): number {
  let low = 0
  let high = tables.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const { largest } = (tables[middle] as Table).meta
    if (compareRanges(largest, 0, largest.length, key, 0, length) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Walks tables that hold one range after another, as those of a level do. */
export class LevelCursor extends Cursor {
  readonly #tables: readonly Table[]
  #position = -1
  #cursor: TableCursor | undefined

  constructor(tables: readonly Table[]) {
    super()
    this.#tables = tables
  }

  first(): void {
    if (this.#enter(0)) this.#cursor?.first()
    this.#show()
  }

  last(): void {
    if (this.#enter(this.#tables.length - 1)) this.#cursor?.last()
    this.#show()
  }

  seek(key: Uint8Array, length: number): void {
    if (this.#enter(findTable(this.#tables, key, length))) this.#cursor?.seek(key, length)
    this.#show()
  }

  seekBefore(key: Uint8Array, length: number): void {
    const position = findTable(this.#tables, key, length)
    if (this.#enter(position)) this.#cursor?.seekBefore(key, length)
    else {
      this.last()
      return
    }
    if (this.#cursor?.valid !== true && this.#enter(position - 1)) this.#cursor?.last()
    this.#show()
  }

  next(): void {
    this.#cursor?.next()
    if (this.#cursor?.valid !== true && this.#enter(this.#position + 1)) this.#cursor?.first()
    this.#show()
  }

  previous(): void {
    this.#cursor?.previous()
    if (this.#cursor?.valid !== true && this.#enter(this.#position - 1)) this.#cursor?.last()
    this.#show()
  }

  #enter(position: number): boolean {
    const table = this.#tables[position]
    if (table === undefined) {
      this.#cursor = undefined
      this.#position = Math.max(-1, Math.min(position, this.#tables.length))
      return false
    }
    if (position !== this.#position || this.#cursor === undefined) {
      this.#cursor = new TableCursor(table)
    }
    this.#position = position
    return true
  }

  #show(): void {
    const cursor = this.#cursor
    this.valid = cursor?.valid === true
    if (cursor === undefined || !this.valid) return
    this.key = cursor.key
    this.keyStart = cursor.keyStart
    this.keyEnd = cursor.keyEnd
    this.sequence = cursor.sequence
    this.kind = cursor.kind
    this.value = cursor.value
    this.valueStart = cursor.valueStart
    this.valueEnd = cursor.valueEnd
  }
}
