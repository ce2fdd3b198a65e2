/** What a cached block belongs to. */
export interface BlockOwner {
  /** Per block: where in the cache it is, 0 when it is not. The cache fills and empties it. */
  places: Uint32Array
  /** Per block: {@link SEEN}, {@link USED}, and what its owner adds in the other bits. */
  marks: Uint8Array
  /** Bytes that a block takes in the cache: those it was inserted with. */
  cachedBytes(block: number): number
}

/** The block was read once. */
export const SEEN = 1
/** It was asked for since it came in. */
export const USED = 2

/** Places count in units of 16 bytes: 16 bits for the chunk, 16 for the unit in it. */
const UNIT_BITS = 4
const UNIT_MASK = 0xffff
const LARGEST_CHUNK_BYTES = 2 ** (16 + UNIT_BITS)
const SMALLEST_CHUNK_BYTES = 64 * 1024
const MOST_CHUNKS = 0xffff
const CHUNKS_AT_LEAST = 16

/** Where in its chunk a place is. */
export function placeOffset(place: number): number {
  return (place & UNIT_MASK) << UNIT_BITS
}

/** Memory for blocks, filled from front to back. */
export class CacheChunk {
  readonly bytes: Uint8Array
  readonly halves: Uint16Array
  /** The first unit of a place must not be 0, which means nowhere. */
  used: number = 1 << UNIT_BITS
  /** Bytes of blocks that are still wanted. */
  live = 0
  /** What was put in, with the place; some of it may be gone again. */
  readonly owners: BlockOwner[] = []
  readonly blocks: number[] = []
  readonly places: number[] = []
  /** A cursor may look at it: its memory is not written again. */
  lent = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.halves = new Uint16Array(bytes.buffer, 0, bytes.length >> 1)
  }
}

/**
 * Keeps blocks in memory, up to a number of bytes. They stand one behind another in large chunks: a
 * hit costs two array accesses and no object of its own, and nothing for the garbage collector to
 * visit. Room is made a chunk at a time; blocks of it that were used since they came in are copied
 * on into the next one. When the cache is full a block must be asked for twice to come in, so that
 * one long scan does not push out what is in use.
 */
export class BlockCache {
  readonly capacity: number
  readonly chunkBytes: number
  /** Bytes of blocks, and what was reserved. */
  used = 0
  hits = 0
  misses = 0
  /** Where {@link BlockCache.allocate} made room. */
  chunk: CacheChunk | undefined
  /** By their numbers in places. */
  readonly chunks: (CacheChunk | undefined)[] = []
  #reserved = 0
  #current = -1
  /** Numbers of chunks, oldest first. */
  #ring: number[] = []
  #spare: Uint8Array | undefined

  constructor(capacity: number) {
    this.capacity = capacity
    const fraction = 2 ** Math.floor(Math.log2(Math.max(1, capacity / CHUNKS_AT_LEAST)))
    const size = Math.min(Math.max(fraction, SMALLEST_CHUNK_BYTES), LARGEST_CHUNK_BYTES)
    this.chunkBytes = Math.min(size, capacity & ~1)
  }

  /** Counts memory that its owner keeps, such as an index, against the capacity. */
  reserve(bytes: number): void {
    this.#reserved += bytes
    this.used += bytes
    while (this.#ring.length > this.#allowed) this.#forget(0)
  }

  release(bytes: number): void {
    this.#reserved -= bytes
    this.used -= bytes
  }

  get #allowed(): number {
    if (this.chunkBytes === 0) return 0
    const chunks = Math.floor((this.capacity - this.#reserved) / this.chunkBytes)
    return Math.max(0, Math.min(chunks, MOST_CHUNKS))
  }

  /** True when a block that was just read should be kept. */
  admits(owner: BlockOwner, block: number, bytes: number): boolean {
    const marks = owner.marks[block] as number
    if ((marks & SEEN) !== 0) return true
    owner.marks[block] = marks | SEEN
    if (this.chunk !== undefined && this.chunk.used + bytes <= this.chunkBytes) return true
    return this.hasRoom
  }

  /** Blocks can come in without pushing out others. */
  get hasRoom(): boolean {
    if (this.#ring.length < this.#allowed) return true
    // Much of it belonged to tables that are gone.
    return this.used - this.#reserved < this.#ring.length * this.chunkBytes * 0.75
  }

  /**
   * Makes room for `bytes` in `chunk`, from its `used` on; false when there cannot be. It is taken
   * by {@link BlockCache.insert}.
   */
  allocate(bytes: number): boolean {
    if (this.chunk !== undefined && this.chunk.used + bytes <= this.chunkBytes) return true
    if (bytes > this.chunkBytes - (1 << UNIT_BITS) || this.#allowed === 0) return false
    this.#nextChunk()
    return (this.chunk as CacheChunk).used + bytes <= this.chunkBytes
  }

  /** Takes note of the block that now stands where room was made, of `bytes` in all. */
  insert(owner: BlockOwner, block: number, bytes: number): void {
    const chunk = this.chunk as CacheChunk
    const place = ((this.#current << 16) | (chunk.used >>> UNIT_BITS)) >>> 0
    owner.places[block] = place
    chunk.owners.push(owner)
    chunk.blocks.push(block)
    chunk.places.push(place)
    const unit = 1 << UNIT_BITS
    chunk.used = Math.min((chunk.used + bytes + unit - 1) & -unit, this.chunkBytes)
    chunk.live += bytes
    this.used += bytes
  }

  /** The chunk that a place is in. */
  chunkAt(place: number): CacheChunk {
    return this.chunks[place >>> 16] as CacheChunk
  }

  /** Goes on in another chunk; the one that makes room for it hands on what was used. */
  #nextChunk(): void {
    const full = this.#ring.length >= this.#allowed
    const victim = full ? this.#victim() : -1
    const old = victim < 0 ? undefined : this.#detach(victim)
    const bytes = this.#spare ?? new Uint8Array(this.chunkBytes)
    this.#spare = undefined
    const free = this.chunks.indexOf(undefined)
    this.#current = free < 0 ? this.chunks.length : free
    this.chunk = new CacheChunk(bytes)
    this.chunks[this.#current] = this.chunk
    this.#ring.push(this.#current)
    if (old === undefined) return
    this.#keepUsed(old)
    if (!old.lent) this.#spare = old.bytes
  }

  /** The position in the ring of the oldest chunk, or of one that is mostly dead. */
  #victim(): number {
    let emptiest = 0
    let least = this.chunkBytes / 2
    for (const [i, number] of this.#ring.entries()) {
      const { live } = this.chunks[number] as CacheChunk
      if (live >= least) continue
      emptiest = i
      least = live
    }
    return emptiest
  }

  #detach(position: number): CacheChunk {
    const [number] = this.#ring.splice(position, 1) as [number]
    const chunk = this.chunks[number] as CacheChunk
    this.chunks[number] = undefined
    if (chunk === this.chunk) this.chunk = undefined
    return chunk
  }

  /** Copies on what was used since, up to three quarters of a chunk, and forgets the rest. */
  #keepUsed(old: CacheChunk): void {
    const chunk = this.chunk as CacheChunk
    const limit = this.chunkBytes * 0.75
    const sparse = old.live < this.chunkBytes / 2
    for (const [i, owner] of old.owners.entries()) {
      const block = old.blocks[i] as number
      const place = old.places[i] as number
      if (owner.places[block] !== place) continue
      const size = owner.cachedBytes(block)
      const marks = owner.marks[block] as number
      this.used -= size
      if ((sparse || (marks & USED) !== 0) && chunk.used + size <= limit) {
        const start = placeOffset(place)
        chunk.bytes.set(old.bytes.subarray(start, start + size), chunk.used)
        owner.marks[block] = marks & ~USED
        this.insert(owner, block, size)
      } else {
        owner.places[block] = 0
        owner.marks[block] = 0
      }
    }
  }

  /** Lets go of the chunk at this position of the ring, and all that it holds. */
  #forget(position: number): void {
    const chunk = this.#detach(position)
    for (const [i, owner] of chunk.owners.entries()) {
      const block = chunk.blocks[i] as number
      if (owner.places[block] !== chunk.places[i]) continue
      this.used -= owner.cachedBytes(block)
      owner.places[block] = 0
      owner.marks[block] = 0
    }
  }

  /** Forgets all blocks of an owner that goes away. */
  drop(owner: BlockOwner): void {
    const { places } = owner
    for (let block = 0; block < places.length; block++) {
      const place = places[block] as number
      if (place === 0) continue
      const size = owner.cachedBytes(block)
      const chunk = this.chunkAt(place)
      chunk.live -= size
      this.used -= size
      places[block] = 0
      if (chunk.live > 0 || chunk === this.chunk) continue
      this.#detach(this.#ring.indexOf(place >>> 16))
      if (!chunk.lent) this.#spare ??= chunk.bytes
    }
  }
}
