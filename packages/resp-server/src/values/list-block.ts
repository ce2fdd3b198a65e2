/** Items that a block of a list holds at most, unless some are put between others. */
export const BLOCK_MAX = 128
/** Room that is made at the head of a short block. */
const LEAST_ROOM = 4

/**
 * Some items in a row, each with its position. There is room in front of the first, so that neither the
 * head nor the tail moves the others when it grows or shrinks.
 */
export class ListBlock {
  #items: string[] = []
  /** Ascending over the whole list; the store key of the item. Gaps are fine. */
  #positions: number[] = []
  /** Where the first item stands. */
  #from = 0

  get size(): number {
    return this.#items.length - this.#from
  }

  get isFullAtHead(): boolean {
    return this.#from === 0 && this.#items.length >= BLOCK_MAX
  }

  get isFullAtTail(): boolean {
    return this.#items.length >= BLOCK_MAX
  }

  /** Undefined outside of the block. */
  item(offset: number): string | undefined {
    return offset < 0 ? undefined : this.#items[this.#from + offset]
  }

  position(offset: number): number {
    return this.#positions[this.#from + offset] as number
  }

  setItem(offset: number, item: string): void {
    this.#items[this.#from + offset] = item
  }

  setPosition(offset: number, position: number): void {
    this.#positions[this.#from + offset] = position
  }

  pushHead(item: string, position: number): void {
    if (this.#from === 0) this.#makeRoom()
    this.#from -= 1
    this.#items[this.#from] = item
    this.#positions[this.#from] = position
  }

  pushTail(item: string, position: number): void {
    this.#items.push(item)
    this.#positions.push(position)
  }

  dropHead(): void {
    // the item must not be held on to
    this.#items[this.#from] = ''
    this.#from += 1
    this.#forgetRoom()
  }

  dropTail(): void {
    this.#items.pop()
    this.#positions.pop()
    this.#forgetRoom()
  }

  insert(offset: number, item: string, position: number): void {
    this.#items.splice(this.#from + offset, 0, item)
    this.#positions.splice(this.#from + offset, 0, position)
  }

  remove(offset: number, count: number): void {
    this.#items.splice(this.#from + offset, count)
    this.#positions.splice(this.#from + offset, count)
    this.#forgetRoom()
  }

  /** Takes the second half out, as a block of its own. */
  split(): ListBlock {
    const half = this.#from + (this.size >>> 1)
    const second = new ListBlock()
    second.#items = this.#items.splice(half)
    second.#positions = this.#positions.splice(half)
    return second
  }

  /** Where the item with this position is; -1 when there is none. */
  find(position: number): number {
    const positions = this.#positions
    let start = this.#from
    let end = positions.length
    while (start < end) {
      const middle = (start + end) >>> 1
      if ((positions[middle] as number) < position) start = middle + 1
      else end = middle
    }
    return positions[start] === position ? start - this.#from : -1
  }

  /** As much again as there is, so that each item is moved once or twice only. */
  #makeRoom(): void {
    const { length } = this.#items
    const room = Math.max(1, Math.min(Math.max(length, LEAST_ROOM), BLOCK_MAX - length))
    const items: string[] = []
    const positions: number[] = []
    for (let at = 0; at < room; at += 1) {
      items.push('')
      positions.push(0)
    }
    for (const item of this.#items) items.push(item)
    for (const position of this.#positions) positions.push(position)
    this.#items = items
    this.#positions = positions
    this.#from = room
  }

  #forgetRoom(): void {
    if (this.size > 0) return
    this.#items.length = 0
    this.#positions.length = 0
    this.#from = 0
  }
}
