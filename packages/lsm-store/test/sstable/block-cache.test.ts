import { describe, expect, it } from 'vitest'
import { BlockCache, type BlockOwner, USED } from '../../src/sstable/block-cache.ts'

function owner(blocks: number): BlockOwner {
  return { cached: Array.from({ length: blocks }, () => undefined), marks: new Uint8Array(blocks) }
}

/** A read of a block through the cache. */
function read(cache: BlockCache, table: BlockOwner, block: number, size = 100): void {
  if (table.cached[block] !== undefined) table.marks[block] = USED
  else if (cache.admits(table, block, size)) cache.insert(table, block, new Uint8Array(size))
}

const held = (table: BlockOwner): number => table.cached.filter((b) => b !== undefined).length

describe('the block cache', () => {
  it('never holds more than its capacity', () => {
    const cache = new BlockCache(1000)
    const tables = [owner(50), owner(50)]
    for (let i = 0; i < 5000; i++) {
      read(cache, tables[i % 2] as BlockOwner, (i * 7) % 50, 50 + (i % 300))
      expect(cache.used).toBeLessThanOrEqual(1000)
    }
    cache.reserve(400)
    read(cache, owner(1), 0)
    cache.release(400)
  })

  it('does not let one scan push out what is in use', () => {
    const cache = new BlockCache(1000)
    const hot = owner(10)
    const cold = owner(1000)
    for (let round = 0; round < 3; round++) for (let i = 0; i < 10; i++) read(cache, hot, i)
    for (let i = 0; i < 1000; i++) read(cache, cold, i)
    expect(held(hot)).toBe(10)
    expect(held(cold)).toBe(0)
  })

  it('takes a block in that is asked for again, for one that is not', () => {
    const cache = new BlockCache(1000)
    const old = owner(10)
    const young = owner(5)
    for (let i = 0; i < 10; i++) read(cache, old, i)
    for (let round = 0; round < 2; round++) for (let i = 0; i < 5; i++) read(cache, young, i)
    expect(held(young)).toBe(5)
    expect(held(old)).toBe(5)
  })

  it('forgets the blocks of a table that goes', () => {
    const cache = new BlockCache(1000)
    const gone = owner(10)
    for (let i = 0; i < 10; i++) read(cache, gone, i)
    cache.drop(gone)
    expect(cache.used).toBe(0)
    const next = owner(10)
    for (let i = 0; i < 10; i++) read(cache, next, i)
    expect(held(next)).toBe(10)
  })
})
