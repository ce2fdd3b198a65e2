// Compressed tables answer as others do, take less space, and levels may differ.
import { memoryFileSystem, Store, type TableOptions } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const line = (i: number): string =>
  `{"id":${i},"name":"customer ${i}","city":"Seattle","open":true}`

async function fill(tables: TableOptions, cacheBytes: number): Promise<Store> {
  const fileSystem = memoryFileSystem()
  const store = await Store.open('/s', { fileSystem, tables, blockCacheBytes: cacheBytes })
  for (let i = 0; i < 2000; i++) await store.put(`key${String(i).padStart(6, '0')}`, line(i))
  await store.put('large', new Uint8Array(200_000).fill(7))
  await store.compact()
  return store
}

describe('a compressed store', () => {
  for (const compression of ['lz4', 'zstd'] as const) {
    for (const cacheBytes of [0, 1024 * 1024]) {
      it(`by ${compression}, with ${cacheBytes} bytes of cache, reads what was written`, async () => {
        await using plain = await fill({ compression: 'none' }, cacheBytes)
        await using store = await fill({ compression }, cacheBytes)
        expect(store.metrics().tableBytes).toBeLessThan(plain.metrics().tableBytes / 2)
        for (let i = 0; i < 2000; i += 7) {
          const key = `key${String(i).padStart(6, '0')}`
          expect(Buffer.from(store.getSync(key) ?? []).toString()).toBe(line(i))
          expect(Buffer.from(store.getSync(key) ?? []).toString()).toBe(line(i))
        }
        expect(store.getSync('large')).toHaveLength(200_000)
        for (const reverse of [false, true]) {
          const ours = store.iterator({ reverse })
          const theirs = plain.iterator({ reverse })
          expect(await ours.nextMany(3000)).toEqual(await theirs.nextMany(3000))
        }
        expect(await store.verify()).toMatchObject({ ok: true, entries: 2001 })
        const size = store.approximateSize({ lt: 'key001000' })
        expect(size).toBeGreaterThan(store.metrics().tableBytes / 8)
      })
    }
  }

  it('keeps as they are blocks that do not get smaller', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem, tables: { compression: 'lz4' } })
    let state = 1
    const noise = Uint8Array.from({ length: 100_000 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    })
    await store.put('noise', noise)
    await store.flush()
    expect(store.metrics().tableBytes).toBeLessThan(100_500)
    expect(store.getSync('noise')).toEqual(noise)
  })

  it('is refused for a compression that is not known', async () => {
    const tables = { compression: 'brotli' as 'lz4' }
    const opened = Store.open('/s', { fileSystem: memoryFileSystem(), tables })
    await expect(opened).rejects.toThrow(/^tables.compression must be none, lz4 or zstd/)
  })
})
