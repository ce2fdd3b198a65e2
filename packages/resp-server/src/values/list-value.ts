import { Collection, type EncodingLimits } from './collection.ts'
import { readLatin1, writeLatin1 } from './latin1.ts'
import { BLOCK_MAX, ListBlock } from './list-block.ts'
import { POSITION_BYTES, takePosition, writePosition } from './list-position.ts'
import { stringBytes } from './string-bytes.ts'

const scratch = Buffer.alloc(POSITION_BYTES)

/**
 * A sequence as blocks of at most 128 items. Each item owns a position, a double: pushes take
 * the next integer on their side, an insertion in the middle takes the mean of its neighbours.
 */
export class ListValue extends Collection {
  readonly type = 'list'
  #blocks: ListBlock[] = [new ListBlock()]
  #size = 0
  #bytes = 0
  #quick = false

  get size(): number {
    return this.#size
  }

  pushHead(item: string): void {
    let block = this.#blocks[0] as ListBlock
    const position = this.#size === 0 ? 0 : Math.ceil(block.position(0)) - 1
    if (block.isFullAtHead) {
      block = new ListBlock()
      this.#blocks.unshift(block)
    }
    block.pushHead(item, position)
    this.#added(item, position)
  }

  pushTail(item: string): void {
    let block = this.#blocks[this.#blocks.length - 1] as ListBlock
    const position = this.#size === 0 ? 0 : Math.floor(block.position(block.size - 1)) + 1
    if (block.isFullAtTail) {
      block = new ListBlock()
      this.#blocks.push(block)
    }
    block.pushTail(item, position)
    this.#added(item, position)
  }

  popHead(): string | undefined {
    const block = this.#blocks[0] as ListBlock
    const item = block.item(0)
    if (item === undefined) return undefined
    this.#removed(item, block.position(0))
    block.dropHead()
    if (block.size === 0 && this.#blocks.length > 1) this.#blocks.shift()
    return item
  }

  popTail(): string | undefined {
    const block = this.#blocks[this.#blocks.length - 1] as ListBlock
    const last = block.size - 1
    const item = block.item(last)
    if (item === undefined) return undefined
    this.#removed(item, block.position(last))
    block.dropTail()
    if (block.size === 0 && this.#blocks.length > 1) this.#blocks.pop()
    return item
  }

  /** `index` from 0; undefined outside of the list. */
  get(index: number): string | undefined {
    if (index < 0 || index >= this.#size) return undefined
    const place = this.#locate(index)
    return place.block.item(place.offset)
  }

  set(index: number, item: string): void {
    const { block, offset } = this.#locate(index)
    this.#bytes += item.length - (block.item(offset) as string).length
    block.setItem(offset, item)
    this.touch(block.position(offset))
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
    const low = before.block.position(before.offset)
    const high = after.block.position(after.offset)
    const position = low + (high - low) / 2
    if (position <= low || position >= high) {
      this.#renumber()
      this.#insertBetween(index, item)
      return
    }
    after.block.insert(after.offset, item, position)
    if (after.block.size > BLOCK_MAX * 2) this.#split(after.block)
    this.#added(item, position)
  }

  /** Removes `count` items from `start` on. */
  removeRange(start: number, count: number): void {
    let left = Math.min(count, this.#size - start)
    if (left <= 0) return
    let { at, offset } = this.#locate(start)
    while (left > 0) {
      const block = this.#blocks[at] as ListBlock
      const take = Math.min(left, block.size - offset)
      for (let i = offset; i < offset + take; i += 1) {
        this.#removed(block.item(i) as string, block.position(i))
      }
      block.remove(offset, take)
      left -= take
      if (block.size === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1)
      else at += 1
      offset = 0
    }
  }

  /** Removes up to `most` items equal to this one, from the end with `reverse`. Says how many. */
  removeEqual(item: string, most: number, reverse: boolean): number {
    let removed = 0
    let at = reverse ? this.#blocks.length - 1 : 0
    for (let left = this.#blocks.length; left > 0 && removed < most; left -= 1) {
      const block = this.#blocks[at] as ListBlock
      let offset = reverse ? block.size - 1 : 0
      while (offset >= 0 && offset < block.size && removed < most) {
        if (block.item(offset) === item) {
          this.#removed(item, block.position(offset))
          block.remove(offset, 1)
          removed += 1
          if (reverse) offset -= 1
        } else offset += reverse ? -1 : 1
      }
      if (block.size === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1)
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
      if (!each(block.item(offset) as string, index)) return
      index += reverse ? -1 : 1
      offset += reverse ? -1 : 1
      if (offset >= block.size) {
        at += 1
        offset = 0
      } else if (offset < 0) {
        at -= 1
        offset = (this.#blocks[at]?.size ?? 0) - 1
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
    writePosition(scratch, position as number, 0)
    return readLatin1(scratch)
  }

  encodeElement(position: string | number): string | undefined {
    const wanted = position as number
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#blocks[middle] as ListBlock).position(0) <= wanted) low = middle
      else high = middle - 1
    }
    const block = this.#blocks[low] as ListBlock
    return block.item(block.find(wanted))
  }

  restoreElement(key: string, item: string): void {
    writeLatin1(scratch, key, 0)
    const position = takePosition(scratch)
    this.pushTail(item)
    const block = this.#blocks[this.#blocks.length - 1] as ListBlock
    block.setPosition(block.size - 1, position)
  }

  touchAll(): void {
    for (const block of this.#blocks) {
      for (let at = 0; at < block.size; at += 1) this.touch(block.position(at))
    }
  }

  clone(): ListValue {
    const copy = new ListValue()
    for (const block of this.#blocks) {
      for (let at = 0; at < block.size; at += 1) copy.pushTail(block.item(at) as string)
    }
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
  #locate(index: number): { at: number; block: ListBlock; offset: number } {
    if (index < this.#size / 2) {
      let offset = index
      for (let at = 0; ; at += 1) {
        const block = this.#blocks[at] as ListBlock
        if (offset < block.size) return { at, block, offset }
        offset -= block.size
      }
    }
    let fromEnd = this.#size - 1 - index
    for (let at = this.#blocks.length - 1; ; at -= 1) {
      const block = this.#blocks[at] as ListBlock
      if (fromEnd < block.size) return { at, block, offset: block.size - 1 - fromEnd }
      fromEnd -= block.size
    }
  }

  #split(block: ListBlock): void {
    this.#blocks.splice(this.#blocks.indexOf(block) + 1, 0, block.split())
  }

  /** No double is left between two neighbours: every item takes a fresh integer. */
  #renumber(): void {
    let next = 0
    this.touchAll()
    for (const block of this.#blocks) {
      for (let i = 0; i < block.size; i += 1) {
        block.setPosition(i, next)
        this.touch(next)
        next += 1
      }
    }
  }
}
