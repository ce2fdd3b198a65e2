import { memoryFileSystem, Store, type StoreOptions } from '@ashlar/lsm-store'
import { expect, it } from 'vitest'

const SIZES = { tables: { blockBytes: 1024, compression: 'lz4' as const } }
const KEYS = 300
const value = 'some text that repeats, some text that repeats '.repeat(10)

async function check(store: Store): Promise<void> {
  for (const name of ['images', 'texts']) {
    const keyspace = await store.keyspace(name)
    for (let i = 0; i < KEYS; i++) {
      expect(Buffer.from(keyspace.getSync(`key-${i}`) ?? []).toString()).toBe(value)
    }
  }
  expect((await store.verify()).problems).toEqual([])
}

it('keyspaces are compressed as each is told, and remember it', async () => {
  const options: StoreOptions = { fileSystem: memoryFileSystem(), ...SIZES }
  const store = await Store.open('/s', options)
  const images = await store.keyspace('images', { compression: 'none' })
  const texts = await store.keyspace('texts')
  await store.put('mine', value)
  for (let i = 0; i < KEYS; i++) {
    await images.put(`key-${i}`, value)
    await texts.put(`key-${i}`, value)
  }
  await store.compact()
  const raw = KEYS * value.length
  // One of them as it is, the other in a tenth.
  expect(store.metrics().tableBytes).toBeGreaterThan(raw)
  expect(store.metrics().tableBytes).toBeLessThan(raw * 1.3)
  await check(store)
  await store.close()

  const again = await Store.open('/s', options)
  await (await again.keyspace('images')).put('key-0', value)
  await again.compact()
  expect(again.metrics().tableBytes).toBeGreaterThan(raw)
  await again.keyspace('images', { compression: 'zstd' })
  await again.put('mine', 'new')
  await again.compact()
  expect(again.metrics().tableBytes).toBeLessThan(raw / 2)
  await check(again)
  await expect(again.keyspace('more', { compression: 'brotli' as 'lz4' })).rejects.toThrow(
    'compression must be none, lz4 or zstd',
  )
  await again.close()
})
