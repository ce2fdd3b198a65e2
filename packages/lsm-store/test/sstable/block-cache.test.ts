import { describe, expect, it } from 'vitest'
import { BlockCache, type BlockOwner, placeOffset, USED } from '../../src/sstable/block-cache.ts'

const KIB = 1024
const BLOCK = 4000

interface TestOwner extends BlockOwner {
  readonly name: number
}

let owners = 0

function owner(blocks: number, size = BLOCK): TestOwner {
  return {
    name: ++owners,
    places: new Uint32Array(blocks),
    marks: new Uint8Array(blocks),
    cachedBytes: () => size,
  }
}

/** A read of a block through the cache; its bytes tell whose it is. */
function read(cache: BlockCache, table: TestOwner, block: number): void {
  const size = table.cachedBytes(block)
  if (table.places[block] !== 0) {
    table.marks[block] = (table.marks[block] as number) | USED
    expectContent(cache, table, block)
  } else if (cache.admits(table, block, size) && cache.allocate(size)) {
    const { bytes, used } = cache.chunk as NonNullable<typeof cache.chunk>
    bytes.fill((table.name * 31 + block) & 0xff, used, used + size)
    cache.insert(table, block, size)
  }
}

function expectContent(cache: BlockCache, table: TestOwner, block: number): void {
  const place = table.places[block] as number
  const start = placeOffset(place)
  const content = cache.chunkAt(place).bytes.subarray(start, start + table.cachedBytes(block))
  const expected = (table.name * 31 + block) & 0xff
  expect(content.every((byte) => byte === expected)).toBe(true)
}

const held = (table: TestOwner): number => table.places.filter((place) => place !== 0).length

describe('the block cache', () => {
  it('never holds more than its capacity, and what it holds stays what it is', () => {
    const capacity = 1024 * KIB
    const cache = new BlockCache(capacity)
    const tables = [owner(200, 3000), owner(200, 5000), owner(200, 40_000)]
    for (let i = 0; i < 20_000; i++) {
      read(cache, tables[i % 3] as TestOwner, (i * 7 + (i >> 6)) % 200)
      expect(cache.used).toBeLessThanOrEqual(capacity)
    }
    cache.reserve(capacity / 2)
    expect(cache.used).toBeLessThanOrEqual(capacity)
    for (let i = 0; i < 2000; i++) read(cache, tables[i % 3] as TestOwner, (i * 11) % 200)
    expect(cache.used).toBeLessThanOrEqual(capacity)
    cache.release(capacity / 2)
    for (const table of tables) cache.drop(table)
    expect(cache.used).toBe(0)
  })

  it('holds nothing without capacity, nor a block larger than its pieces', () => {
    const none = new BlockCache(0)
    const table = owner(1)
    for (let i = 0; i < 3; i++) read(none, table, 0)
    expect(held(table)).toBe(0)
    const small = new BlockCache(8 * KIB)
    const large = owner(1, 9 * KIB)
    for (let i = 0; i < 3; i++) read(small, large, 0)
    expect(held(large)).toBe(0)
  })

  it('does not let one scan push out what is in use', () => {
    const cache = new BlockCache(1024 * KIB)
    const hot = owner(230)
    const cold = owner(1000)
    for (let round = 0; round < 3; round++) for (let i = 0; i < 230; i++) read(cache, hot, i)
    const before = held(hot)
    expect(before).toBeGreaterThan(200)
    for (let i = 0; i < 1000; i++) read(cache, cold, i)
    expect(held(hot)).toBe(before)
  })

  it('takes a block in that is asked for again, for one that is not', () => {
    const cache = new BlockCache(1024 * KIB)
    const old = owner(260)
    const young = owner(50)
    for (let i = 0; i < 260; i++) read(cache, old, i)
    for (let round = 0; round < 3; round++) for (let i = 0; i < 50; i++) read(cache, young, i)
    expect(held(young)).toBe(50)
    expect(held(old)).toBeLessThan(230)
  })

  it('keeps what is used while others come and go', () => {
    const cache = new BlockCache(1024 * KIB)
    const hot = owner(20)
    const stream = owner(1500)
    for (let i = 0; i < 1500; i++) {
      read(cache, stream, i)
      read(cache, stream, i)
      read(cache, hot, i % 20)
    }
    expect(held(hot)).toBe(20)
  })

  it('takes the room of tables that are gone', () => {
    const cache = new BlockCache(1024 * KIB)
    const gone = owner(300)
    for (let i = 0; i < 300; i++) read(cache, gone, i)
    cache.drop(gone)
    expect(cache.used).toBe(0)
    const next = owner(230)
    for (let i = 0; i < 230; i++) read(cache, next, i)
    expect(held(next)).toBeGreaterThan(200)
  })

  it('does not write where a cursor looks', () => {
    const cache = new BlockCache(64 * KIB)
    const seen = owner(1)
    read(cache, seen, 0)
    const place = seen.places[0] as number
    const chunk = cache.chunkAt(place)
    chunk.lent = true
    const start = placeOffset(place)
    const before = chunk.bytes.slice(start, start + BLOCK)
    const stream = owner(200)
    for (let i = 0; i < 200; i++) for (let j = 0; j < 2; j++) read(cache, stream, i)
    expect(held(seen)).toBe(0)
    expect(chunk.bytes.slice(start, start + BLOCK)).toEqual(before)
  })
})
