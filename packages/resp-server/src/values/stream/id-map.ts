import type { StreamId } from './stream-id.ts'

/** Entries per block; full ones split in two unless the map grows at its end. */
const BLOCK = 128

interface Block<V> {
  readonly ids: StreamId[]
  readonly values: V[]
}

/**
 * A map ordered by stream ID: appending and taking from either end cost O(1), lookups and removals
 * O(log n), walks go both ways from any ID.
 */
export class IdMap<V> {
  #blocks: Block<V>[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  get firstId(): StreamId | undefined {
    return this.#blocks[0]?.ids[0]
  }

  get lastId(): StreamId | undefined {
    return this.#blocks.at(-1)?.ids.at(-1)
  }

  get first(): V | undefined {
    return this.#blocks[0]?.values[0]
  }

  get(id: StreamId): V | undefined {
    const block = this.#blocks[this.#blockOf(id)]
    if (block === undefined) return undefined
    const at = lowerBound(block.ids, id)
    return block.ids[at] === id ? block.values[at] : undefined
  }

  has(id: StreamId): boolean {
    return this.get(id) !== undefined
  }

  set(id: StreamId, value: V): void {
    const last = this.#blocks.at(-1)
    if (last === undefined || (last.ids.at(-1) as StreamId) < id) {
      this.#append(last, id, value)
      return
    }
    const index = this.#blockOf(id)
    const block = this.#blocks[index] as Block<V>
    const at = lowerBound(block.ids, id)
    if (block.ids[at] === id) {
      block.values[at] = value
      return
    }
    block.ids.splice(at, 0, id)
    block.values.splice(at, 0, value)
    this.#size += 1
    if (block.ids.length <= BLOCK) return
    const half = block.ids.length >> 1
    const rest = { ids: block.ids.splice(half), values: block.values.splice(half) }
    this.#blocks.splice(index + 1, 0, rest)
  }

  delete(id: StreamId): boolean {
    const index = this.#blockOf(id)
    const block = this.#blocks[index]
    if (block === undefined) return false
    const at = lowerBound(block.ids, id)
    if (block.ids[at] !== id) return false
    block.ids.splice(at, 1)
    block.values.splice(at, 1)
    this.#size -= 1
    if (block.ids.length === 0) this.#blocks.splice(index, 1)
    return true
  }

  /** Takes out the first. */
  shift(): V | undefined {
    const block = this.#blocks[0]
    if (block === undefined) return undefined
    block.ids.shift()
    const value = block.values.shift()
    this.#size -= 1
    if (block.ids.length === 0) this.#blocks.shift()
    return value
  }

  clear(): void {
    this.#blocks = []
    this.#size = 0
  }

  /** From `from` on (inclusive) to `to` (inclusive). The map must not change meanwhile. */
  *ascend(from: StreamId, to: StreamId): Generator<readonly [StreamId, V]> {
    let index = this.#blockOf(from)
    let block = this.#blocks[index]
    let at = block === undefined ? 0 : lowerBound(block.ids, from)
    while (block !== undefined) {
      for (; at < block.ids.length; at += 1) {
        const id = block.ids[at] as StreamId
        if (id > to) return
        yield [id, block.values[at] as V]
      }
      index += 1
      at = 0
      block = this.#blocks[index]
    }
  }

  /** From `from` down (inclusive) to `to` (inclusive). */
  *descend(from: StreamId, to: StreamId): Generator<readonly [StreamId, V]> {
    let index = Math.min(this.#blockOf(from), this.#blocks.length - 1)
    let block = this.#blocks[index]
    let at = block === undefined ? -1 : upperBound(block.ids, from) - 1
    while (block !== undefined) {
      for (; at >= 0; at -= 1) {
        const id = block.ids[at] as StreamId
        if (id < to) return
        yield [id, block.values[at] as V]
      }
      index -= 1
      block = this.#blocks[index]
      at = (block?.ids.length ?? 0) - 1
    }
  }

  #append(last: Block<V> | undefined, id: StreamId, value: V): void {
    this.#size += 1
    if (last !== undefined && last.ids.length < BLOCK) {
      last.ids.push(id)
      last.values.push(value)
    } else this.#blocks.push({ ids: [id], values: [value] })
  }

  /** The first block whose last ID is not below `id`; may be one past the end. */
  #blockOf(id: StreamId): number {
    const blocks = this.#blocks
    let low = 0
    let high = blocks.length
    // most is asked about what came last
    const newest = blocks[high - 1]
    if (newest !== undefined && (newest.ids[0] as StreamId) <= id) low = high - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      const ids = (blocks[middle] as Block<V>).ids
      if ((ids[ids.length - 1] as StreamId) < id) low = middle + 1
      else high = middle
    }
    return low
  }
}

function lowerBound(ids: readonly StreamId[], id: StreamId): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] as StreamId) < id) low = middle + 1
    else high = middle
  }
  return low
}

function upperBound(ids: readonly StreamId[], id: StreamId): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] as StreamId) <= id) low = middle + 1
    else high = middle
  }
  return low
}
