// Repair of a store with keyspaces, operands and entries that end.
import {
  type MemoryFileSystem,
  memoryFileSystem,
  type RepairReport,
  repairStore,
  Store,
} from '@ashlar/lsm-store'
import { expect, it } from 'vitest'

const SIZES = {
  memtableBytes: 4096,
  changeRetentionBytes: 0,
  tables: { blockBytes: 256, levelZeroTables: 6, tableBytes: 4096 },
}
const STRIDE = Number(process.env['ASHLAR_FLIP_STRIDE'] ?? 307)
const SPACES = ['default', 'other', 'log'] as const

/** By key as it stands in the store, in hex: what it holds. */
type Content = Map<string, string>

async function fill(fileSystem: MemoryFileSystem): Promise<void> {
  await using store = await Store.open('/s', { fileSystem, ...SIZES })
  const other = await store.keyspace('other')
  const log = await store.keyspace('log', { merge: 'append' })
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 40; i++) {
      const batch = store.batch().put(`key${i}`, `${round}:${i}`.repeat(5))
      batch.put(`other${i}`, `${round}:${i}`.repeat(5), { keyspace: other, ttlMs: 86_400_000 })
      batch.merge(`log${i % 10}`, `${round}:${i},`, { keyspace: log })
      await store.write(batch)
    }
    await log.delete(`log${round}`)
    await store.flush()
    if (round === 0) await store.compact()
  }
  await log.merge('log5', 'last')
}

async function contentOf(fileSystem: MemoryFileSystem): Promise<Content> {
  await using store = await Store.open('/s', { fileSystem, ...SIZES })
  const content: Content = new Map()
  for (const [id, name] of SPACES.entries()) {
    const keyspace = id === 0 ? store : await store.keyspace(name)
    const prefix = Buffer.from([...Array<number>(8).fill(0xff), 0, 0, 0, id])
    for await (const [key, value] of keyspace.scan()) {
      const full = id === 0 ? Buffer.from(key) : Buffer.concat([prefix, key])
      content.set(full.toString('hex'), Buffer.from(value).toString())
    }
  }
  expect((await store.verify()).problems).toEqual([])
  return content
}

function isReported(key: string, { lost }: RepairReport): boolean {
  const bytes = Buffer.from(key, 'hex')
  return lost.some(({ from, to }) => bytes.compare(from) >= 0 && bytes.compare(to) <= 0)
}

function copyOf(original: MemoryFileSystem): MemoryFileSystem {
  const copy = memoryFileSystem()
  copy.makeDirectory('/s')
  for (const path of original.paths()) copy.writeFile(path, original.readFile(path))
  return copy
}

it('repairs keyspaces, and names the keys whose operands may be missing', {
  timeout: 60_000,
}, async () => {
  const original = memoryFileSystem()
  await fill(original)
  const content = await contentOf(original)
  expect(content.size).toBeGreaterThan(80)
  let changed = 0
  for (const path of original.paths().filter((name) => name.endsWith('.table'))) {
    const { length } = original.readFile(path)
    for (let at = 0; at < length; at += STRIDE) {
      const fileSystem = copyOf(original)
      const bytes = fileSystem.readFile(path)
      bytes[at] = (bytes[at] as number) ^ 0x40
      fileSystem.writeFile(path, bytes)
      const report = await repairStore('/s', { fileSystem })
      expect(report, `${path} ${at}`).toMatchObject({ sound: false, manifest: 'sound' })
      const found = await contentOf(fileSystem)
      for (const key of new Set([...content.keys(), ...found.keys()])) {
        if (content.get(key) === found.get(key)) continue
        changed += 1
        expect(isReported(key, report), `${path} ${at}: ${key}`).toBe(true)
      }
    }
  }
  expect(changed).toBeGreaterThan(0)
})

it('without a manifest brings back its own keys, and gives no new keyspace the entries of a lost one', async () => {
  const fileSystem = memoryFileSystem()
  await fill(fileSystem)
  const content = await contentOf(fileSystem)
  for (const copy of ['A', 'B']) fileSystem.removeNow(`/s/MANIFEST-${copy}`)
  expect(await repairStore('/s', { fileSystem })).toMatchObject({
    manifest: 'rebuilt',
    lostEntries: 0,
  })
  const own = [...content].filter(([key]) => !key.startsWith('ff'))
  expect(await contentOf(fileSystem)).toEqual(new Map(own))
})
