import { Collection, type EncodingLimits } from './collection.ts'
import { readLatin1, writeLatin1 } from './latin1.ts'
import { stringBytes } from './string-bytes.ts'

const BLOCK_MAX = 128
const scratch = Buffer.alloc(8)

interface Block {
  readonly items: string[]
  /** Ascending over the whole list; the store key of the item. Gaps are fine. */
  readonly positions: number[]
}

/**
 * A sequence as blocks of at most 128 items. Each item owns a position, a double: pushes take
 * the next integer on their side, an insertion in the middle takes the mean of its neighbours.
 */
export class ListValue extends Collection {
  readonly type = 'list'
  #blocks: Block[] = [{ items: [], positions: [] }]
  #size = 0
  #bytes = 0
  #quick = false

  get size(): number {
    return this.#size
  }

  pushHead(item: string): void {
    let block = this.#blocks[0] as Block
    const position = this.#size === 0 ? 0 : Math.ceil(block.positions[0] as number) - 1
    if (block.items.length >= BLOCK_MAX) {
      block = { items: [], positions: [] }
      this.#blocks.unshift(block)
    }
    block.items.unshift(item)
    block.positions.unshift(position)
    this.#added(item, position)
  }

  pushTail(item: string): void {
    let block = this.#blocks[this.#blocks.length - 1] as Block
    const last = block.positions[block.positions.length - 1] ?? -1
    const position = Math.floor(last) + 1
    if (block.items.length >= BLOCK_MAX) {
      block = { items: [], positions: [] }
      this.#blocks.push(block)
    }
    block.items.push(item)
    block.positions.push(position)
    this.#added(item, position)
  }

  popHead(): string | undefined {
    const block = this.#blocks[0] as Block
    const item = block.items.shift()
    if (item === undefined) return undefined
    this.#removed(item, block.positions.shift() as number)
    if (block.items.length === 0 && this.#blocks.length > 1) this.#blocks.shift()
    return item
  }

  popTail(): string | undefined {
    const block = this.#blocks[this.#blocks.length - 1] as Block
    const item = block.items.pop()
    if (item === undefined) return undefined
    this.#removed(item, block.positions.pop() as number)
    if (block.items.length === 0 && this.#blocks.length > 1) this.#blocks.pop()
    return item
  }

  /** `index` from 0; undefined outside of the list. */
  get(index: number): string | undefined {
    if (index < 0 || index >= this.#size) return undefined
    const place = this.#locate(index)
    return place.block.items[place.offset]
  }

  set(index: number, item: string): void {
    const { block, offset } = this.#locate(index)
    this.#bytes += item.length - (block.items[offset] as string).length
    block.items[offset] = item
    this.touch(block.positions[offset] as number)
  }

  /** Puts the item before the one that is at `index` now. */
  insert(index: number, item: string): void {
    if (index <= 0) this.pushHead(item)
    else if (index >= this.#size) this.pushTail(item)
    else this.#insertBetween(index, item)
  }

  #insertBetween(index: number, item: string): void {
    const before = this.#locate(index - 1)
    const after = this.#locate(index)
    const low = before.block.positions[before.offset] as number
    const high = after.block.positions[after.offset] as number
    const position = low + (high - low) / 2
    if (position <= low || position >= high) {
      this.#renumber()
      this.#insertBetween(index, item)
      return
    }
    after.block.items.splice(after.offset, 0, item)
    after.block.positions.splice(after.offset, 0, position)
    if (after.block.items.length > BLOCK_MAX * 2) this.#split(after.block)
    this.#added(item, position)
  }

  /** Removes `count` items from `start` on. */
  removeRange(start: number, count: number): void {
    let left = Math.min(count, this.#size - start)
    if (left <= 0) return
    let { at, offset } = this.#locate(start)
    while (left > 0) {
      const block = this.#blocks[at] as Block
      const take = Math.min(left, block.items.length - offset)
      const items = block.items.splice(offset, take)
      const positions = block.positions.splice(offset, take)
      for (let i = 0; i < take; i += 1) this.#removed(items[i] as string, positions[i] as number)
      left -= take
      if (block.items.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1)
      else at += 1
      offset = 0
    }
  }

  /** Removes up to `most` items equal to this one, from the end with `reverse`. Says how many. */
  removeEqual(item: string, most: number, reverse: boolean): number {
    let removed = 0
    let at = reverse ? this.#blocks.length - 1 : 0
    for (let left = this.#blocks.length; left > 0 && removed < most; left -= 1) {
      const { items, positions } = this.#blocks[at] as Block
      let offset = reverse ? items.length - 1 : 0
      while (offset >= 0 && offset < items.length && removed < most) {
        if (items[offset] === item) {
          items.splice(offset, 1)
          this.#removed(item, positions.splice(offset, 1)[0] as number)
          removed += 1
          if (reverse) offset -= 1
        } else offset += reverse ? -1 : 1
      }
      if (items.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1)
      else if (!reverse) at += 1
      if (reverse) at -= 1
    }
    return removed
  }

  /** Visits items from `start` on until told to stop by `false`. */
  visit(start: number, reverse: boolean, each: (item: string, index: number) => boolean): void {
    if (start < 0 || start >= this.#size) return
    let { at, offset } = this.#locate(start)
    let index = start
    for (;;) {
      const block = this.#blocks[at]
      if (block === undefined) return
      if (!each(block.items[offset] as string, index)) return
      index += reverse ? -1 : 1
      offset += reverse ? -1 : 1
      if (offset >= block.items.length) {
        at += 1
        offset = 0
      } else if (offset < 0) {
        at -= 1
        offset = (this.#blocks[at]?.items.length ?? 0) - 1
      }
    }
  }

  slice(start: number, count: number): string[] {
    const items: string[] = []
    if (count <= 0) return items
    this.visit(start, false, (item) => items.push(item) < count)
    return items
  }

  override elementKey(position: string | number): string {
    scratch.writeDoubleBE(position as number)
    if ((scratch[0] as number) & 0x80) {
      for (let i = 0; i < 8; i += 1) scratch[i] = ~(scratch[i] as number) & 0xff
    } else {
      scratch[0] = (scratch[0] as number) | 0x80
    }
    return readLatin1(scratch)
  }

  encodeElement(position: string | number): string | undefined {
    const wanted = position as number
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (((this.#blocks[middle] as Block).positions[0] as number) <= wanted) low = middle
      else high = middle - 1
    }
    const { items, positions } = this.#blocks[low] as Block
    let start = 0
    let end = positions.length
    while (start < end) {
      const middle = (start + end) >>> 1
      if ((positions[middle] as number) < wanted) start = middle + 1
      else end = middle
    }
    return positions[start] === wanted ? items[start] : undefined
  }

  restoreElement(key: string, item: string): void {
    writeLatin1(scratch, key, 0)
    if ((scratch[0] as number) & 0x80) {
      scratch[0] = (scratch[0] as number) & 0x7f
    } else {
      for (let i = 0; i < 8; i += 1) scratch[i] = ~(scratch[i] as number) & 0xff
    }
    this.pushTail(item)
    const block = this.#blocks[this.#blocks.length - 1] as Block
    block.positions[block.positions.length - 1] = scratch.readDoubleBE(0)
  }

  touchAll(): void {
    for (const block of this.#blocks) for (const position of block.positions) this.touch(position)
  }

  clone(): ListValue {
    const copy = new ListValue()
    for (const block of this.#blocks) for (const item of block.items) copy.pushTail(item)
    return copy
  }

  encoding(limits: EncodingLimits): string {
    if (this.#quick && this.#size > 1) return 'quicklist'
    return this.#exceeds(limits.listMaxListpackSize) ? 'quicklist' : 'listpack'
  }

  memoryBytes(): number {
    return 200 + this.#size * (16 + stringBytes(0)) + this.#bytes
  }

  #exceeds(limit: number): boolean {
    if (limit > 0) return this.#size > limit
    const most = 4096 * 2 ** Math.min(4, -limit - 1)
    return this.#bytes + this.#size * 2 > most
  }

  #added(item: string, position: number): void {
    this.#size += 1
    this.#bytes += item.length
    if (this.#bytes + this.#size * 2 > 8192) this.#quick = true
    this.touch(position)
  }

  #removed(item: string, position: number): void {
    this.#size -= 1
    this.#bytes -= item.length
    if (this.#quick && this.#bytes + this.#size * 2 < 4096) this.#quick = false
    this.touch(position)
  }

  /** Walks from the nearer end. */
  #locate(index: number): { at: number; block: Block; offset: number } {
    if (index < this.#size / 2) {
      let offset = index
      for (let at = 0; ; at += 1) {
        const block = this.#blocks[at] as Block
        if (offset < block.items.length) return { at, block, offset }
        offset -= block.items.length
      }
    }
    let fromEnd = this.#size - 1 - index
    for (let at = this.#blocks.length - 1; ; at -= 1) {
      const block = this.#blocks[at] as Block
      if (fromEnd < block.items.length)
        return { at, block, offset: block.items.length - 1 - fromEnd }
      fromEnd -= block.items.length
    }
  }

  #split(block: Block): void {
    const at = this.#blocks.indexOf(block)
    const half = block.items.length >>> 1
    this.#blocks.splice(at + 1, 0, {
      items: block.items.splice(half),
      positions: block.positions.splice(half),
    })
  }

  /** No double is left between two neighbours: every item takes a fresh integer. */
  #renumber(): void {
    let next = 0
    this.touchAll()
    for (const block of this.#blocks) {
      for (let i = 0; i < block.positions.length; i += 1) {
        block.positions[i] = next
        this.touch(next)
        next += 1
      }
    }
  }
}
