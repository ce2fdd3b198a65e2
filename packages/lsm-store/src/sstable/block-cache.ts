/** What a cached block belongs to. */
export interface BlockOwner {
  /** Cached blocks by index. The cache fills and empties it. */
  readonly cached: (Uint8Array | undefined)[]
  /** Per block: {@link SEEN} once it was read, {@link USED} when it was asked for since. */
  readonly marks: Uint8Array
}

export const SEEN = 1
export const USED = 2

/**
 * Keeps blocks in memory, up to a number of bytes. Blocks hang at their tables, so that a hit is an
 * array access. Eviction is a clock: a block that was used since the hand passed gets another round.
 * When the cache is full a block must be asked for twice to come in, so that one long scan does not
 * push out what is in use.
 */
export class BlockCache {
  readonly capacity: number
  /** Bytes of blocks, and what was reserved. */
  used = 0
  hits = 0
  misses = 0
  readonly #owners: (BlockOwner | undefined)[] = []
  readonly #blocks: number[] = []
  readonly #free: number[] = []
  #hand = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** Counts memory that its owner keeps, such as an index, against the capacity. */
  reserve(bytes: number): void {
    this.used += bytes
  }

  release(bytes: number): void {
    this.used -= bytes
  }

  /** True when a block that was just read should be kept. */
  admits(owner: BlockOwner, block: number, bytes: number): boolean {
    const seen = ((owner.marks[block] as number) & SEEN) !== 0
    if (!seen) owner.marks[block] = SEEN
    return bytes <= this.capacity && (seen || this.used + bytes <= this.capacity)
  }

  insert(owner: BlockOwner, block: number, bytes: Uint8Array): void {
    this.#evict(bytes.length)
    if (this.used + bytes.length > this.capacity) return
    this.used += bytes.length
    owner.cached[block] = bytes
    const slot = this.#free.pop() ?? this.#owners.length
    this.#owners[slot] = owner
    this.#blocks[slot] = block
  }

  /** Makes room by passing over the slots, at most twice. */
  #evict(bytes: number): void {
    let steps = 2 * this.#owners.length
    while (this.used + bytes > this.capacity && steps > 0) {
      steps -= 1
      this.#hand = this.#hand + 1 < this.#owners.length ? this.#hand + 1 : 0
      const owner = this.#owners[this.#hand]
      if (owner === undefined) continue
      const block = this.#blocks[this.#hand] as number
      const content = owner.cached[block]
      const marks = owner.marks[block] as number
      if (content !== undefined && (marks & USED) !== 0) {
        owner.marks[block] = marks & ~USED
        continue
      }
      this.#owners[this.#hand] = undefined
      this.#free.push(this.#hand)
      if (content === undefined) continue
      owner.cached[block] = undefined
      owner.marks[block] = 0
      this.used -= content.length
    }
  }

  /** Forgets all blocks of an owner that goes away. */
  drop(owner: BlockOwner): void {
    for (const [block, content] of owner.cached.entries()) {
      if (content === undefined) continue
      this.used -= content.length
      owner.cached[block] = undefined
    }
  }
}
