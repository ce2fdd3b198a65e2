import type { Random } from '@ashlar/codec'
import type { Settings } from '../config/settings.ts'
import type { Database } from './database.ts'
import type { Keyspace } from './keyspace.ts'
import type { Table } from './table.ts'
import { NO_EXPIRY } from './value.ts'

export const EVICTION_POLICIES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'tier',
] as const
export type EvictionPolicy = (typeof EVICTION_POLICIES)[number]

/** Keys that one command may remove before it runs; the next commands go on. */
const MAX_PER_COMMAND = 1000
/** Keys that are looked at for what can leave memory, per command and database. */
const MAX_TIER_LOOKS = 5000

/** How much room tiering makes beyond what is asked for: this part of maxmemory, at most so much. */
const TIER_SLACK_PART = 64
const TIER_SLACK_BYTES = 256 * 1024

const roomTarget = (maxmemory: number): number =>
  maxmemory - Math.min(maxmemory / TIER_SLACK_PART, TIER_SLACK_BYTES)

/** What eviction needs to know of the store. */
export interface ColdStorage {
  readonly isPersistent: boolean
  /** The store is written by what another server did. */
  readonly isFollowing: boolean
  /** A transaction runs, half of which must not be written. */
  readonly isWithinUnit: boolean
  /** Whether memory may take in keys that nobody asks for. */
  hasRoom: () => boolean
  /** Hands all changes to the store, so that values can be read from there. */
  writeOut(): boolean
}

/** Keeps memory below maxmemory: removes keys, or, with `tier`, leaves them to the store. */
export class Eviction {
  readonly #keyspace: Keyspace
  readonly #settings: Settings
  readonly #storage: ColdStorage
  readonly #random: Random
  /** Where tiering goes on, per database. */
  readonly #hands = new Map<Database, number>()
  /** What a transaction could not do: it is to be done at its end. */
  #isPostponed = false
  evicted = 0
  tiered = 0

  constructor(keyspace: Keyspace, settings: Settings, storage: ColdStorage, random: Random) {
    this.#keyspace = keyspace
    this.#settings = settings
    this.#storage = storage
    this.#random = random
    storage.hasRoom = () => this.#hasRoom
  }

  /** False when keys that nobody asks for had better stay in the store. */
  get #hasRoom(): boolean {
    const { maxmemory, maxmemoryPolicy } = this.#settings
    return (
      maxmemory === 0 ||
      maxmemoryPolicy !== 'tier' ||
      this.#keyspace.usedMemory < roomTarget(maxmemory)
    )
  }

  /** False when memory is over the limit and nothing can be done about it. */
  makeRoom(): boolean {
    const { maxmemory, maxmemoryPolicy } = this.#settings
    const keyspace = this.#keyspace
    if (keyspace.usedMemory <= maxmemory) return true
    if (maxmemoryPolicy === 'noeviction') return false
    if (maxmemoryPolicy === 'tier') {
      const isBelow = this.#tier(maxmemory)
      keyspace.sweep?.schedule()
      return isBelow
    }
    for (let count = 0; count < MAX_PER_COMMAND; count += 1) {
      const victim = this.#pick(maxmemoryPolicy)
      if (victim === undefined) return false
      victim.database.evict(victim.key)
      this.evicted += 1
      if (keyspace.usedMemory <= maxmemory) return true
    }
    return true
  }

  /** A transaction has ended. */
  endOfUnit(): void {
    if (!this.#isPostponed) return
    this.#isPostponed = false
    this.makeRoom()
  }

  /** The worst of some keys taken at random. */
  #pick(policy: EvictionPolicy): { database: Database; key: string } | undefined {
    const isVolatile = policy.startsWith('volatile')
    let best: { database: Database; key: string } | undefined
    let bestScore = Number.NEGATIVE_INFINITY
    for (const database of this.#keyspace.databases) {
      const { table } = database
      const size = isVolatile ? table.expiring : table.loadedKeys.length
      if (size === 0) continue
      const samples = policy.endsWith('random') ? 1 : this.#settings.maxmemorySamples
      for (let count = 0; count < samples; count += 1) {
        const slot = this.#randomSlot(database, isVolatile)
        if (slot === -1) continue
        const score = this.#score(policy, database, slot)
        if (score <= bestScore) continue
        bestScore = score
        best = { database, key: table.keyAt(slot) }
      }
    }
    return best
  }

  #randomSlot({ table }: Database, isVolatile: boolean): number {
    const pick = (length: number): number => Math.floor(this.#random.next() * length)
    if (!isVolatile) return pick(table.loadedKeys.length)
    // entries of the queue may be stale; there is at least one that is not
    for (;;) {
      const { key, time } = table.expiryQueue.entryAt(pick(table.expiryQueue.size))
      const slot = table.slotInMemory(key)
      if (slot !== -1 && table.expiryAt(slot) === time) return slot
    }
  }

  /** The higher, the sooner it goes. */
  #score(policy: EvictionPolicy, { table }: Database, slot: number): number {
    if (policy.endsWith('random')) return this.#random.next()
    if (policy === 'volatile-ttl') {
      const expiry = table.expiryAt(slot)
      return expiry === NO_EXPIRY ? Number.NEGATIVE_INFINITY : -expiry
    }
    const { accesses } = this.#keyspace
    if (policy.endsWith('lfu')) return -accesses.frequency(table.accessAt(slot))
    return accesses.idleSeconds(table.accessAt(slot))
  }

  /**
   * Lets go of keys and values that the store has, going round from where it stopped last; those used
   * within this second only when the others are not enough. It makes more room than is asked for: the
   * changes so far are written out each time.
   */
  #tier(maxmemory: number): boolean {
    this.#isPostponed = this.#storage.isWithinUnit
    if (this.#isPostponed) return false
    if (!this.#storage.isPersistent || !this.#storage.writeOut()) return false
    const before = this.tiered
    const target = roomTarget(maxmemory)
    for (const sparesRecent of [true, false]) {
      for (const database of this.#keyspace.databases) {
        if (this.#tierSome(database, target, sparesRecent)) return true
      }
      if (this.#keyspace.usedMemory <= maxmemory) return true
    }
    // as long as something goes, the next commands will get further
    return this.tiered > before
  }

  /** True when memory is at the target. */
  #tierSome(database: Database, target: number, sparesRecent: boolean): boolean {
    const keyspace = this.#keyspace
    const { table } = database
    let excess = keyspace.usedMemory - target
    let hand = this.#hands.get(database) ?? 0
    const looks = Math.min(table.loadedKeys.length, MAX_TIER_LOOKS)
    for (let look = 0; look < looks && excess > 0; look += 1) {
      if (hand >= table.loadedKeys.length) hand = 0
      const before = table.bytes
      const isSpared = sparesRecent && table.accessAt(hand) === keyspace.accesses.tick
      // another key stands at the hand when one has left
      if (isSpared || !this.#leaves(table, hand)) hand += 1
      if (table.bytes < before) this.tiered += 1
      excess -= before - table.bytes
    }
    this.#hands.set(database, hand)
    return excess <= 0
  }

  /** Takes a key out of memory; false when it stays, its value perhaps not. */
  #leaves(table: Table, slot: number): boolean {
    // who follows another server is told of changes by keys that it holds
    if (!this.#storage.isFollowing && table.forget(slot)) return true
    table.letGo(slot)
    return false
  }
}
