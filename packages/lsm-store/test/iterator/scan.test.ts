import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const COUNT = 500
const keyOf = (i: number): string => `key-${String(i).padStart(4, '0')}`

async function fill(store: Store, valueBytes = 50): Promise<void> {
  const value = 'v'.repeat(valueBytes)
  await store.write(
    Array.from({ length: COUNT }, (_, i) => ({ type: 'put' as const, key: keyOf(i), value })),
  )
}

describe('scan', () => {
  it('shows every entry, and what is written meanwhile not', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    await fill(store)
    const seen: string[] = []
    for await (const [key] of store.scan()) {
      seen.push(Buffer.from(key).toString())
      if (seen.length % 50 === 0) await store.deleteRange({ gte: keyOf(seen.length) })
    }
    expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => keyOf(i)))
  })

  it('lets go of its view when it is left', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    await fill(store)
    for await (const [key] of store.scan({ reverse: true })) {
      expect(Buffer.from(key).toString()).toBe(keyOf(COUNT - 1))
      expect(store.metrics().openIterators).toBe(1)
      break
    }
    expect(store.metrics().openIterators).toBe(0)
  })

  it('shows nothing more once the store is closed', async () => {
    const store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    await fill(store)
    let seen = 0
    const scanning = async (): Promise<void> => {
      for await (const _ of store.scan()) {
        seen += 1
        if (seen === 6) await store.close()
      }
    }
    await expect(scanning()).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    expect(seen).toBe(6)
  })

  it('shows what stands before a damaged block, and then tells of it', async () => {
    const disk = memoryFileSystem()
    const tables = { compression: 'none', blockBytes: 1024 } as const
    const store = await Store.open('/s', { fileSystem: disk, tables })
    await fill(store)
    await store.flush()
    await store.close()
    const path = disk.paths().find((candidate) => candidate.endsWith('.table')) as string
    const bytes = disk.readFile(path)
    const damagedAt = Buffer.from(bytes).indexOf(keyOf(300).slice(-3))
    bytes[damagedAt] = (bytes[damagedAt] as number) ^ 1
    disk.writeFile(path, bytes)
    await using again = await Store.open('/s', { fileSystem: disk, tables })
    const seen: string[] = []
    const scanning = async (): Promise<void> => {
      for await (const [key] of again.scan()) seen.push(Buffer.from(key).toString())
    }
    await expect(scanning()).rejects.toMatchObject({ code: 'STORE_CORRUPT', path })
    using iterator = again.iterator()
    const oneByOne: string[] = []
    expect(() => {
      for (;;) oneByOne.push(Buffer.from(iterator.nextSync()?.[0] ?? []).toString())
    }).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }))
    expect(seen.length).toBeGreaterThan(200)
    expect(seen).toEqual(oneByOne)
  })

  it('does not read far ahead where values are large', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    await fill(store, 60_000)
    await store.flush()
    let seen = 0
    const before = store.metrics()
    for await (const _ of store.scan()) {
      seen += 1
      if (seen === 20) break
    }
    const after = store.metrics()
    const blocks = after.cacheHits + after.cacheMisses - before.cacheHits - before.cacheMisses
    expect(blocks).toBeGreaterThan(0)
    expect(blocks).toBeLessThan(30)
  })
})
