import type { BlockCache, BlockOwner } from './block-cache.ts'

/** How much of the cache partitions may take; the rest is for blocks. */
const SHARE = 0.5

/** A piece of a table's index and filter, with the places of its blocks in the cache. */
export interface PoolMember extends BlockOwner {
  /** What it takes in memory, without its blocks. */
  readonly bytes: number
  /** It was asked for since the pool last looked. */
  used: boolean
  /** Position in the pool; -1 is outside of it. */
  slot: number
  /** The pool let go of it: whoever found it there must read it again. */
  onEvicted(): void
}

/**
 * Keeps partitions in memory, up to a share of the cache, to which they are charged. One that was asked
 * for since the hand came by last gets a second chance; the first that was not makes room, and its
 * blocks go with it.
 */
export class PartitionPool {
  readonly #cache: BlockCache
  readonly #members: PoolMember[] = []
  /** Of the members. */
  #bytes = 0
  /** Of what cannot go. */
  #pinned = 0
  #hand = 0

  constructor(cache: BlockCache) {
    this.#cache = cache
  }

  /** Charges what stays in memory as long as its table is open. */
  pin(bytes: number): void {
    this.#pinned += bytes
    this.#cache.reserve(bytes)
    this.#shrinkTo(this.#limit)
  }

  unpin(bytes: number): void {
    this.#pinned -= bytes
    this.#cache.release(bytes)
  }

  get #limit(): number {
    return Math.max(0, this.#cache.capacity * SHARE - this.#pinned)
  }

  /**
   * Takes in a partition that was just read; false when there is no room. Others make room for it only
   * with `evicts`: one long scan must not push out what is in use.
   */
  admit(member: PoolMember, evicts: boolean): boolean {
    const limit = this.#limit
    const rest = limit - member.bytes
    if (rest < 0 || (!evicts && this.#bytes > rest)) return false
    this.#shrinkTo(rest)
    member.slot = this.#members.length
    this.#members.push(member)
    this.#bytes += member.bytes
    this.#cache.reserve(member.bytes)
    return true
  }

  /** Lets go of a member whose table is closed. */
  remove(member: PoolMember): void {
    const { slot } = member
    const last = this.#members.pop() as PoolMember
    if (last !== member) {
      this.#members[slot] = last
      last.slot = slot
    }
    member.slot = -1
    this.#bytes -= member.bytes
    this.#cache.drop(member)
    this.#cache.release(member.bytes)
  }

  #shrinkTo(bytes: number): void {
    while (this.#bytes > bytes) {
      if (this.#hand >= this.#members.length) this.#hand = 0
      const member = this.#members[this.#hand] as PoolMember
      if (member.used) {
        member.used = false
      } else {
        this.remove(member)
        member.onEvicted()
      }
      // Also past the one that took the place of what went: it came last.
      this.#hand += 1
    }
  }
}
