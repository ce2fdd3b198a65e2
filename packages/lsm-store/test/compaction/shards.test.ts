import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  isStoreError,
  type MemoryFileSystem,
  memoryFileSystem,
  repairStore,
  Store,
  type StoreOptions,
} from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

const KEYS = 600
const SIZES = {
  memtableBytes: 8192,
  changeRetentionBytes: 0,
  tables: {
    blockBytes: 256,
    tableBytes: 4096,
    levelZeroTables: 64,
    compactionThreads: 3,
    compression: 'none',
  },
} as const

const keyAt = (i: number): string => `key-${String(i).padStart(4, '0')}`
const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString()

/** Several versions of each key, and deletes, in tables of level 0 that all overlap. */
async function fill(store: Store): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < KEYS; i++) {
      const n = (i * 7) % KEYS
      if (round === 2 && n % 10 === 0) await store.delete(keyAt(n))
      else await store.put(keyAt(n), `${round} ${'v'.repeat(40)}`)
    }
  }
  await store.flush()
}

async function expectFilled(store: Store): Promise<void> {
  let found = 0
  for await (const [key, value] of store.scan()) {
    expect(text(value)?.startsWith('2 ')).toBe(true)
    expect(Number(text(key)?.slice(4)) % 10).not.toBe(0)
    found += 1
  }
  expect(found).toBe(KEYS * 0.9)
  expect((await store.verify()).problems).toEqual([])
}

interface Origin {
  readonly job: number
  readonly shard?: number
  readonly shards?: number
  readonly lastPart: boolean
}

/** What tables say of the job that wrote them, by path. */
function originsOf(disk: MemoryFileSystem): Map<string, Origin> {
  const tables = disk.paths().filter((path) => path.endsWith('.table'))
  return new Map(
    tables.map((path) => {
      const bytes = Buffer.from(disk.readFile(path))
      const start = bytes.readUInt32LE(bytes.length - 40 + 16)
      const length = bytes.readUInt32LE(bytes.length - 40 + 20)
      const properties: unknown = JSON.parse(bytes.toString('utf8', start, start + length))
      return [path, properties as Origin]
    }),
  )
}

describe('a compaction of much', () => {
  it('is cut into key ranges, and comes into the store as one', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store)
    const { compactions } = store.metrics()
    await store.compact()
    expect(store.metrics().compactions).toBe(compactions + 1)
    expect(store.metrics().tablesPerLevel[0]).toBe(0)
    await expectFilled(store)
    const origins = [...originsOf(fileSystem).values()]
    expect(new Set(origins.map(({ shard }) => shard))).toEqual(new Set([0, 1, 2]))
    expect(new Set(origins.map(({ job }) => job)).size).toBe(1)
    expect(origins.filter(({ lastPart }) => lastPart)).toHaveLength(3)
  })

  it('is worked on by threads', async () => {
    const path = mkdtempSync(join(tmpdir(), 'lsm-shards-'))
    try {
      await using store = await Store.open(path, SIZES)
      await fill(store)
      await store.compact()
      await expectFilled(store)
    } finally {
      rmSync(path, { recursive: true })
    }
  })

  it('leaves nothing when one part of it fails, and is tried again', async () => {
    const disk = memoryFileSystem()
    let opened = 0
    let fails = false
    const fileSystem = faultyFileSystem(disk, ({ name, mode, path }) => {
      if (!fails || name !== 'open' || mode !== 'create' || !path.endsWith('.table'))
        return undefined
      opened += 1
      return opened === 2 ? 'EIO' : undefined
    })
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store)
    const tables = (): number => disk.paths().filter((path) => path.endsWith('.table')).length
    const before = tables()
    fails = true
    const failure = await store.compact().catch((error: unknown) => error)
    expect(isStoreError(failure, 'STORE_IO')).toBe(true)
    fails = false
    expect(tables()).toBe(before)
    await store.compact()
    await expectFilled(store)
  })

  it('counts only as a whole when the manifest is lost', async () => {
    const options: StoreOptions = SIZES
    for (const missing of [0, 1, 2]) {
      const fileSystem = memoryFileSystem()
      const store = await Store.open('/s', { fileSystem, ...options })
      await fill(store)
      const inputs = [...originsOf(fileSystem).keys()].map(
        (path) => [path, fileSystem.readFile(path)] as const,
      )
      await store.compact()
      await store.close()
      // As if it had been cut off before the manifest knew of it, and that then had been lost.
      for (const [path, bytes] of inputs) fileSystem.writeFile(path, bytes)
      for (const [path, { shard, lastPart }] of originsOf(fileSystem)) {
        if (shard === missing && lastPart) fileSystem.removeNow(path)
      }
      for (const name of ['MANIFEST-A', 'MANIFEST-B']) fileSystem.removeNow(`/s/${name}`)
      expect((await repairStore('/s', { fileSystem })).manifest).toBe('rebuilt')
      await using again = await Store.open('/s', { fileSystem, ...options })
      await expectFilled(again)
    }
  })
})
