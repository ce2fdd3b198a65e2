import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isStoreError, memoryFileSystem, Store, type StoreOptions } from '@ashlar/lsm-store'
import { type FaultPlan, faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

const KEYS = 1000
const value = 'v'.repeat(2000)

/** Opens a store, writes 2 MB, and closes it; the disk fails from then on as planned. */
async function fillAndClose(
  options: StoreOptions = {},
  plan: FaultPlan = () => undefined,
): Promise<ReturnType<typeof memoryFileSystem>> {
  const fileSystem = memoryFileSystem()
  let closing = false
  const faulty = faultyFileSystem(fileSystem, (call) => (closing ? plan(call) : undefined))
  const store = await Store.open('/s', { fileSystem: faulty, ...options })
  for (let i = 0; i < KEYS; i++) await store.put(`key-${i}`, value)
  closing = true
  await store.close()
  return fileSystem
}

const logBytes = (disk: ReturnType<typeof memoryFileSystem>): number =>
  disk
    .paths()
    .filter((path) => path.endsWith('.log'))
    .reduce((sum, path) => sum + disk.readFile(path).length, 0)

async function expectAll(fileSystem: ReturnType<typeof memoryFileSystem>): Promise<void> {
  await using store = await Store.open('/s', { fileSystem })
  let found = 0
  for await (const _ of store.scan({ keysOnly: true })) found += 1
  expect(found).toBe(KEYS)
  expect(store.lastSequence).toBe(KEYS)
}

describe('close', () => {
  it('leaves little to replay, and no logs that nobody asked for', async () => {
    const disk = await fillAndClose({ changeRetentionBytes: 0 })
    expect(logBytes(disk)).toBeLessThan(1000)
    await using store = await Store.open('/s', { fileSystem: disk })
    expect(store.metrics()).toMatchObject({ tables: 1, memtableBytes: expect.any(Number) })
    expect(store.metrics().memtableBytes).toBeLessThan(1000)
    expect(store.lastSequence).toBe(KEYS)
  })

  it('flushes memtables that wait for it, too', async () => {
    const disk = await fillAndClose({
      memtableBytes: 300_000,
      changeRetentionBytes: 0,
      flushOnCloseBytes: 10_000,
    })
    expect(logBytes(disk)).toBeLessThan(1000)
    await expectAll(disk)
  })

  it('leaves a little in the log, which costs less than a table', async () => {
    const disk = await fillAndClose({ flushOnCloseBytes: 4 * 1024 * 1024 })
    expect(disk.paths().filter((path) => path.endsWith('.table'))).toEqual([])
    await expectAll(disk)
  })

  it('keeps logs for changes() as far as they were asked for', async () => {
    const disk = await fillAndClose({ changeRetentionBytes: 4 * 1024 * 1024 })
    await using store = await Store.open('/s', { fileSystem: disk })
    let changes = 0
    for await (const _ of store.changes()) changes += 1
    expect(changes).toBe(KEYS)
  })

  for (const compaction of ['inline', 'worker'] as const) {
    it(`settles a compact() that it cuts off, and loses nothing: ${compaction}`, async () => {
      const path = mkdtempSync(join(tmpdir(), 'lsm-close-'))
      try {
        const tables = { compaction, levelZeroTables: 64, compactionBytesPerSecond: 1000 }
        const store = await Store.open(path, { tables })
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < KEYS; i++) await store.put(`key-${i}`, value)
          await store.flush()
        }
        const outcomes = [store.compact(), store.compact({ gte: 'key-5' })].map((compacted) =>
          compacted.then(
            () => 'done',
            (error: unknown) => (isStoreError(error) ? error.code : error),
          ),
        )
        while (!store.metrics().compacting) await new Promise((resolve) => setImmediate(resolve))
        await store.close()
        expect(await Promise.all(outcomes)).toEqual(['STORE_CLOSED', 'STORE_CLOSED'])
        await using again = await Store.open(path)
        expect((await again.verify()).problems).toEqual([])
        for (let i = 0; i < KEYS; i++) expect(again.getSync(`key-${i}`)?.length).toBe(value.length)
      } finally {
        rmSync(path, { recursive: true })
      }
    })
  }

  for (const code of ['EIO', 'ENOSPC'] as const) {
    for (const name of ['.log', '.table', 'MANIFEST-A'] as const) {
      it(`succeeds when it cannot flush for ${code} of ${name}: the log has it all`, async () => {
        const disk = await fillAndClose({}, (call) => {
          const needsSpace = call.name === 'write' || call.mode === 'create'
          return needsSpace && call.path.endsWith(name) ? code : undefined
        })
        await expectAll(disk)
      })
    }
  }
})
