import { crc32 } from 'node:zlib'
import { VirtualClock } from '@ashlar/codec'
import {
  type MemoryFileSystem,
  memoryFileSystem,
  Store,
  type StoreOptions,
} from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

/** What is left of a store after a power cut at this moment. */
async function afterCut(disk: MemoryFileSystem): Promise<string[]> {
  disk.powerCut()
  const store = await Store.open('/s', { fileSystem: disk })
  const keys: string[] = []
  for await (const [key] of store.scan()) keys.push(Buffer.from(key).toString())
  await store.close()
  return keys
}

async function open(options: StoreOptions): Promise<{ disk: MemoryFileSystem; store: Store }> {
  const disk = memoryFileSystem()
  return { disk, store: await Store.open('/s', { fileSystem: disk, ...options }) }
}

describe('an acknowledged write survives a power cut', () => {
  it('at once, with sync: always', async () => {
    const { disk, store } = await open({ sync: 'always' })
    await store.put('a', '1')
    expect(await afterCut(disk)).toEqual(['a'])
  })

  it('when the interval has passed, with sync: interval', async () => {
    const clock = new VirtualClock()
    const { disk, store } = await open({ sync: 'interval', syncIntervalMs: 500, clock })
    await store.put('a', '1')
    await clock.advance(499)
    expect(store.metrics().logSyncs).toBe(0)
    await clock.advance(1)
    await store.sync()
    expect(store.metrics().logSyncs).toBe(1)
    await store.put('b', '2')
    expect(await afterCut(disk)).toEqual(['a'])
  })

  it('after sync(), with sync: none', async () => {
    const clock = new VirtualClock()
    const { disk, store } = await open({ sync: 'none', clock })
    await store.put('a', '1')
    await clock.advance(60_000)
    expect(store.metrics().logSyncs).toBe(0)
    await store.sync()
    await store.put('b', '2')
    expect(await afterCut(disk)).toEqual(['a'])
  })

  it('as the write itself asks', async () => {
    const { disk, store } = await open({ sync: 'none' })
    await store.put('a', '1')
    await store.put('b', '2', { sync: 'always' })
    await store.put('c', '3')
    expect(await afterCut(disk)).toEqual(['a', 'b'])
  })

  it('after flush(), and after close()', async () => {
    const flushed = await open({ sync: 'none' })
    await flushed.store.put('a', '1')
    await flushed.store.flush()
    expect(await afterCut(flushed.disk)).toEqual(['a'])
    const closed = await open({ sync: 'none' })
    await closed.store.put('a', '1')
    await closed.store.close()
    expect(await afterCut(closed.disk)).toEqual(['a'])
  })
})

describe('recovery', () => {
  it('says how much of the log it gave up', async () => {
    const { disk, store } = await open({ sync: 'always' })
    await store.put('a', '1')
    await store.put('b', '2')
    const path = '/s/00000001.log'
    const bytes = disk.readFile(path)
    disk.powerCut()
    disk.writeFile(path, bytes.subarray(0, bytes.length - 2))
    const recovered: unknown[] = []
    await using again = await Store.open('/s', {
      fileSystem: disk,
      events: { onRecovery: (info) => void recovered.push(info) },
    })
    expect(recovered).toEqual([{ droppedBytes: 29, lastSequence: 1 }])
    expect(again.hasSync('b')).toBe(false)
  })

  it('refuses a log that lost durable operations', async () => {
    const { disk, store } = await open({ sync: 'always' })
    for (const key of ['a', 'b', 'c']) await store.put(key, '1')
    const path = '/s/00000001.log'
    const bytes = disk.readFile(path)
    disk.powerCut()
    bytes[40] = (bytes[40] as number) ^ 1
    disk.writeFile(path, bytes)
    await expect(Store.open('/s', { fileSystem: disk })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      path,
      offset: 29,
    })
    // The refusal changed nothing and left nothing open.
    expect(disk.readFile(path)).toEqual(bytes)
    bytes[40] = (bytes[40] as number) ^ 1
    disk.writeFile(path, bytes)
    await using again = await Store.open('/s', { fileSystem: disk })
    expect(again.lastSequence).toBe(3)
  })

  it('refuses a log that is gone', async () => {
    const { disk, store } = await open({})
    await store.put('a', '1')
    await store.close()
    disk.removeNow('/s/00000001.log')
    await expect(Store.open('/s', { fileSystem: disk })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      path: '/s/00000001.log',
    })
  })

  it('refuses files of a later format, and leaves them as they are', async () => {
    const { disk, store } = await open({})
    await store.put('a', '1')
    await store.flush()
    await store.close()
    for (const [path, offset] of formatVersions(disk)) {
      const bytes = disk.readFile(path)
      const later = bytes.slice()
      const { length } = later
      later[offset] = path.includes('MANIFEST') ? 0x39 : 9
      if (path.endsWith('.table')) reseal(later, length - 12, length - 40)
      else reseal(later, 4, 8, 9 + new DataView(later.buffer).getUint32(0, true))
      disk.writeFile(path, later)
      const opened = Store.open('/s', { fileSystem: disk }).then(async (again) => {
        try {
          again.getSync('a')
        } finally {
          await again.close()
        }
      })
      await expect(opened, path).rejects.toMatchObject({ code: 'STORE_VERSION' })
      expect(disk.readFile(path)).toEqual(later)
      disk.writeFile(path, bytes)
    }
  })
})

/** Where each kind of file says what format it has. */
function formatVersions(disk: MemoryFileSystem): [path: string, offset: number][] {
  return disk.paths().map((path) => {
    if (path.endsWith('.log')) return [path, 17]
    const bytes = Buffer.from(disk.readFile(path))
    if (path.endsWith('.table')) return [path, bytes.length - 16]
    return [path, bytes.indexOf('"format":') + '"format":'.length]
  })
}

/** Writes the checksum of `bytes[from..to)` at `at`. */
function reseal(bytes: Uint8Array, at: number, from: number, to: number = at): void {
  new DataView(bytes.buffer).setUint32(at, crc32(bytes.subarray(from, to)), true)
}
