import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { expect, test } from 'vitest'
import { unloggedFiles } from '../../src/cluster/unlogged-files.ts'

const OPTIONS = { memtableBytes: 64 * 1024, sync: 'none', changeRetentionBytes: 0 } as const

/** Bytes of all logs of a store. */
function logged(disk: ReturnType<typeof memoryFileSystem>): number {
  const logs = disk.list('/copies').filter((name) => name.endsWith('.log'))
  return logs.reduce((sum, name) => {
    const file = disk.open(`/copies/${name}`, 'read')
    const bytes = file.size()
    file.close()
    return sum + bytes
  }, 0)
}

test('a copy reads all that was written, beyond its memory too, and writes no log', async () => {
  const disk = memoryFileSystem()
  const store = await Store.open('/copies', { ...OPTIONS, fileSystem: unloggedFiles(disk) })
  for (let n = 0; n < 2_000; n++) await store.put(`key ${n}`, `value ${n} `.repeat(20))
  for (let n = 0; n < 2_000; n++) {
    expect(Buffer.from((await store.get(`key ${n}`)) ?? []).toString()).toMatch(`value ${n} `)
  }
  expect(logged(disk)).toBeLessThan(10_000)
  await store.close()
})

test('a copy that was left by a crash is opened again, emptied and used', async () => {
  const disk = memoryFileSystem()
  const left = await Store.open('/copies', { ...OPTIONS, fileSystem: unloggedFiles(disk) })
  for (let n = 0; n < 2_000; n++) await left.put(`key ${n}`, `value ${n} `.repeat(20))
  disk.powerCut()
  const store = await Store.open('/copies', { ...OPTIONS, fileSystem: unloggedFiles(disk) })
  await store.write([{ type: 'deleteRange' }])
  expect(await store.get('key 1')).toBeUndefined()
  await store.put('key 1', 'new')
  expect(Buffer.from((await store.get('key 1')) ?? []).toString()).toBe('new')
  await store.close()
})
