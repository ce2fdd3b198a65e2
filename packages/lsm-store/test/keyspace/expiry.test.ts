import { systemClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { expect, it } from 'vitest'

function timed(): { readonly clock: typeof systemClock; pass: (ms: number) => void } {
  let now = 1_000_000
  const pass = (ms: number): void => {
    now += ms
  }
  return { clock: { ...systemClock, now: () => now }, pass }
}

it('an entry with a time to live is gone when it has passed, to every kind of read', async () => {
  const { clock, pass } = timed()
  await using store = await Store.open('/s', { fileSystem: memoryFileSystem(), clock })
  await store.put('a', 'for ever')
  await store.put('a', 'for a while', { ttlMs: 100 })
  await store.write(store.batch().put('b', 'x', { ttlMs: 50 }))
  await store.write([{ type: 'put', key: 'c', value: 'y', ttlMs: 200 }])
  expect(store.entry('a')).toMatchObject({ version: 2, expiresAt: 1_000_100 })
  pass(99)
  const snapshot = store.snapshot()
  const iterator = store.iterator()
  expect(store.hasSync('a')).toBe(true)
  expect(store.hasSync('b')).toBe(false)
  pass(1)
  for (const step of ['memory', 'table', 'compacted']) {
    if (step === 'table') await store.flush()
    if (step === 'compacted') await store.compact()
    expect(store.getSync('a'), step).toBeUndefined()
    expect(store.entry('a'), step).toBeUndefined()
    const keys: string[] = []
    for await (const [key] of store.scan({ reverse: true })) keys.push(Buffer.from(key).toString())
    expect(keys, step).toEqual(['c'])
    // Who looked before sees it still.
    expect(store.hasSync('a', { snapshot }), step).toBe(true)
  }
  expect(Buffer.from(iterator.nextSync()?.[1] ?? []).toString()).toBe('for a while')
  iterator.close()
  snapshot.close()
  pass(1000)
  await store.compact()
  expect(store.metrics().tables).toBe(0)
})

it('a keyspace gives its entries a time to live, kept with the store', async () => {
  const { clock, pass } = timed()
  const fileSystem = memoryFileSystem()
  const store = await Store.open('/s', { fileSystem, clock, defaultKeyspace: { ttlMs: 10 } })
  const sessions = await store.keyspace('sessions', { ttlMs: 100 })
  await sessions.put('s', '1')
  await sessions.put('long', '1', { ttlMs: 1000 })
  await store.put('d', '1')
  pass(10)
  expect(store.hasSync('d')).toBe(false)
  await store.close()
  await using again = await Store.open('/s', { fileSystem, clock })
  const kept = await again.keyspace('sessions')
  await kept.put('t', '1')
  pass(90)
  expect(kept.hasSync('s')).toBe(false)
  expect(kept.hasSync('t')).toBe(true)
  pass(10)
  expect(kept.hasSync('t')).toBe(false)
  expect(kept.hasSync('long')).toBe(true)
  await expect(kept.put('u', '1', { ttlMs: 0.5 })).rejects.toThrow(/ttlMs must be/)
})

it('changes() tell when an entry ends', async () => {
  const { clock } = timed()
  await using store = await Store.open('/s', { fileSystem: memoryFileSystem(), clock })
  await store.put('a', '1', { ttlMs: 5 })
  for await (const { operations } of store.changes()) {
    expect(operations).toMatchObject([{ type: 'put', expiresAt: 1_000_005 }])
    expect(Buffer.from(operations[0]?.type === 'put' ? operations[0].value : []).toString()).toBe(
      '1',
    )
  }
})
