import { describe, expect, it } from 'vitest'
import { BlockCache } from '../../src/sstable/block-cache.ts'
import { PartitionPool, type PoolMember } from '../../src/sstable/partition-pool.ts'

const KIB = 1024

interface TestMember extends PoolMember {
  evicted: boolean
}

function member(bytes = 10 * KIB): TestMember {
  return {
    bytes,
    used: false,
    slot: -1,
    evicted: false,
    places: new Uint32Array(4),
    marks: new Uint8Array(4),
    cachedBytes: () => KIB,
    onEvicted() {
      this.evicted = true
    },
  }
}

const newPool = (
  capacity = 400 * KIB,
): { readonly cache: BlockCache; readonly pool: PartitionPool } => {
  const cache = new BlockCache(capacity)
  return { cache, pool: new PartitionPool(cache) }
}

describe('the partition pool', () => {
  it('takes half of the cache at most, with what is pinned, and all is charged', () => {
    const { cache, pool } = newPool()
    const members = Array.from({ length: 200 }, (_, i) => member((5 + (i % 11)) * KIB))
    let pinned = 0
    for (const [i, one] of members.entries()) {
      if (i % 20 === 0) {
        pool.pin(2 * KIB)
        pinned += 2 * KIB
      }
      expect(pool.admit(one, true)).toBe(true)
      const held = members.filter(({ slot }) => slot >= 0)
      const bytes = held.reduce((sum, other) => sum + other.bytes, 0)
      expect(cache.used).toBe(bytes + pinned)
      expect(cache.used).toBeLessThanOrEqual(200 * KIB)
      expect(new Set(held.map(({ slot }) => slot)).size).toBe(held.length)
    }
    expect(members.filter(({ evicted }) => evicted).length).toBeGreaterThan(150)
    expect(members.every(({ evicted, slot }) => evicted === slot < 0)).toBe(true)
    for (const one of members) if (one.slot >= 0) pool.remove(one)
    pool.unpin(pinned)
    expect(cache.used).toBe(0)
  })

  it('keeps what is asked for again and again, while others come and go', () => {
    const { pool } = newPool()
    const hot = Array.from({ length: 5 }, () => member())
    for (const one of hot) pool.admit(one, true)
    for (let i = 0; i < 500; i++) {
      for (const one of hot) one.used = true
      pool.admit(member(), true)
    }
    expect(hot.every(({ slot }) => slot >= 0)).toBe(true)
  })

  it('lets a scan take free room only', () => {
    const { pool } = newPool()
    const before = Array.from({ length: 19 }, () => member())
    for (const one of before) expect(pool.admit(one, false)).toBe(true)
    expect(pool.admit(member(20 * KIB), false)).toBe(false)
    expect(pool.admit(member(), false)).toBe(true)
    expect(pool.admit(member(), false)).toBe(false)
    expect(before.every(({ slot }) => slot >= 0)).toBe(true)
  })

  it('lets go of the blocks of a partition with it', () => {
    const { cache, pool } = newPool()
    const one = member()
    pool.admit(one, true)
    expect(cache.allocate(KIB)).toBe(true)
    cache.insert(one, 2, KIB)
    expect(one.places[2]).not.toBe(0)
    for (let i = 0; i < 60; i++) pool.admit(member(), true)
    expect(one.evicted).toBe(true)
    expect(one.places[2]).toBe(0)
    expect(cache.used).toBeLessThanOrEqual(200 * KIB)
  })

  it('takes nothing when the cache is off, or too small for it', () => {
    expect(newPool(0).pool.admit(member(1), true)).toBe(false)
    const { pool, cache } = newPool()
    expect(pool.admit(member(201 * KIB), true)).toBe(false)
    expect(cache.used).toBe(0)
  })
})
