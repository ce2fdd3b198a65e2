import type { Random } from '@ashlar/codec'
import type { Settings } from '../config/settings.ts'
import type { Database } from './database.ts'
import type { Keyspace } from './keyspace.ts'
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
/** Keys that are looked at for values to let go, per command and database. */
const MAX_TIER_LOOKS = 5000

/** What eviction needs to know of the store. */
export interface ColdStorage {
  readonly isPersistent: boolean
  /** Hands all changes to the store, so that values can be read from there. */
  writeOut(): boolean
}

/** Keeps memory below maxmemory: removes keys, or, with `tier`, values that the store has. */
export class Eviction {
  readonly #keyspace: Keyspace
  readonly #settings: Settings
  readonly #storage: ColdStorage
  readonly #random: Random
  /** Where tiering goes on, per database. */
  readonly #hands = new Map<Database, number>()
  evicted = 0
  tiered = 0

  constructor(keyspace: Keyspace, settings: Settings, storage: ColdStorage, random: Random) {
    this.#keyspace = keyspace
    this.#settings = settings
    this.#storage = storage
    this.#random = random
  }

  /** False when memory is over the limit and nothing can be done about it. */
  makeRoom(): boolean {
    const { maxmemory, maxmemoryPolicy } = this.#settings
    const keyspace = this.#keyspace
    if (keyspace.usedMemory <= maxmemory) return true
    if (maxmemoryPolicy === 'noeviction') return false
    if (maxmemoryPolicy === 'tier') return this.#tier(maxmemory)
    for (let count = 0; count < MAX_PER_COMMAND; count += 1) {
      const victim = this.#pick(maxmemoryPolicy)
      if (victim === undefined) return false
      victim.database.evict(victim.key)
      this.evicted += 1
      if (keyspace.usedMemory <= maxmemory) return true
    }
    return true
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
   * Lets go of values that the store has, going round from where it stopped last; those used within
   * this second only when the others are not enough.
   */
  #tier(maxmemory: number): boolean {
    if (!this.#storage.isPersistent || !this.#storage.writeOut()) return false
    const before = this.tiered
    for (const sparesRecent of [true, false]) {
      for (const database of this.#keyspace.databases) {
        if (this.#tierSome(database, maxmemory, sparesRecent)) return true
      }
    }
    // as long as something goes, the next commands will get further
    return this.tiered > before
  }

  /** True when memory is below the limit. */
  #tierSome(database: Database, maxmemory: number, sparesRecent: boolean): boolean {
    const keyspace = this.#keyspace
    const { table } = database
    const { length } = table.loadedKeys
    let hand = this.#hands.get(database) ?? 0
    for (let looks = Math.min(length, MAX_TIER_LOOKS); looks > 0; looks -= 1) {
      hand = hand >= length - 1 ? 0 : hand + 1
      if (sparesRecent && table.accessAt(hand) === keyspace.accesses.tick) continue
      if (!table.letGo(hand)) continue
      this.tiered += 1
      if (keyspace.usedMemory <= maxmemory) break
    }
    this.#hands.set(database, hand)
    return keyspace.usedMemory <= maxmemory
  }
}
