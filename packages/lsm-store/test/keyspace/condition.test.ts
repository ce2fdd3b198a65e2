import { systemClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { expect, it } from 'vitest'

it('a conditional write is decided when the call returns', async () => {
  await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
  const first = store.putIf('a', '1', { ifAbsent: true })
  expect(first).toMatchObject({ applied: true, version: 1 })
  const second = store.putIf('a', '2', { ifAbsent: true })
  expect(second).toMatchObject({ applied: false, version: 1 })
  expect(store.putIf('a', '3', { ifVersion: 1 })).toMatchObject({ applied: true, version: 2 })
  expect(store.deleteIf('a', { ifVersion: 1 })).toMatchObject({ applied: false, version: 2 })
  const removed = store.deleteIf('a', { ifVersion: 2 })
  expect(removed.applied).toBe(true)
  await Promise.all([first.done, second.done, removed.done])
  expect(store.entry('a')).toBeUndefined()
  expect(store.putIf('a', '4', { ifVersion: 3 })).toMatchObject({
    applied: false,
    version: undefined,
  })
  expect(store.putIf('a', '5', { ifAbsent: true })).toMatchObject({ applied: true, version: 4 })
})

it('versions stay what they are through flushes, compaction and reopening', async () => {
  const fileSystem = memoryFileSystem()
  const store = await Store.open('/s', { fileSystem })
  for (let i = 0; i < 5; i++) await store.put(i % 2 === 0 ? 'a' : 'b', String(i))
  await store.compact()
  await store.close()
  await using again = await Store.open('/s', { fileSystem })
  expect([again.entry('a')?.version, again.entry('b')?.version]).toEqual([5, 4])
  await again.deleteRange({ lt: 'b' })
  expect(again.putIf('a', 'x', { ifAbsent: true }).applied).toBe(true)
  expect(again.putIf('b', 'x', { ifVersion: 4 }).applied).toBe(true)
})

it('an entry that has ended counts as absent', async () => {
  let now = 1000
  const clock = { ...systemClock, now: () => now }
  await using store = await Store.open('/s', { fileSystem: memoryFileSystem(), clock })
  await store.put('a', '1', { ttlMs: 10 })
  expect(store.putIf('a', '2', { ifAbsent: true }).applied).toBe(false)
  now += 10
  expect(store.putIf('a', '2', { ifAbsent: true }).applied).toBe(true)
})

it('a write that is refused was not applied', async () => {
  const store = await Store.open('/s', { fileSystem: memoryFileSystem() })
  const { applied, done } = store.putIf('a', 7 as never, { ifAbsent: true })
  expect(applied).toBe(false)
  await expect(done).rejects.toThrow(/value must be/)
  expect(() => store.putIf('a', 'x', {} as never)).toThrow(/condition must be/)
  await store.close()
  expect(() => store.putIf('a', 'x', { ifAbsent: true })).toThrow(/is closed/)
})
