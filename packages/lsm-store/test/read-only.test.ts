import { type MemoryFileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const TINY = {
  memtableBytes: 2048,
  changeRetentionBytes: 0,
  tables: { blockBytes: 256, tableBytes: 2048, levelBytes: 4096, levelZeroTables: 2 },
} as const

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString()

const contentOf = (disk: MemoryFileSystem): [string, string][] =>
  disk.paths().map((path) => [path, Buffer.from(disk.readFile(path)).toString('base64')])

async function fill(store: Store, value: string): Promise<void> {
  const log = await store.keyspace('log', { merge: 'append' })
  for (let i = 0; i < 100; i++) {
    await store.put(`key-${String(i).padStart(3, '0')}`, `${value}-${i}`)
    await log.merge(`log-${i % 10}`, `${value},`)
  }
}

async function expectAll(store: Store, value: string): Promise<void> {
  let i = 0
  for await (const [key, found] of store.scan()) {
    expect([text(key), text(found)]).toEqual([`key-${String(i).padStart(3, '0')}`, `${value}-${i}`])
    i += 1
  }
  expect(i).toBe(100)
  const log = await store.keyspace('log')
  expect(text(log.getSync('log-3'))).toBe(`${value},`.repeat(10))
}

describe('a store opened to read', () => {
  it('stays what it was, whatever its writer does to its files', async () => {
    const fileSystem = memoryFileSystem()
    await using writer = await Store.open('/s', { fileSystem, ...TINY })
    await fill(writer, 'old')
    await using reader = await Store.open('/s', { fileSystem, ...TINY, readOnly: true })
    const { lastSequence } = reader
    expect(lastSequence).toBe(writer.lastSequence)
    await writer.deleteRange({})
    await (await writer.keyspace('log')).drop()
    await fill(writer, 'new')
    await writer.compact()
    expect(writer.metrics().tables).toBeGreaterThan(0)
    await expectAll(reader, 'old')
    expect((await reader.verify()).problems).toEqual([])
    expect(reader.lastSequence).toBe(lastSequence)
    await using later = await Store.open('/s', { fileSystem, ...TINY, readOnly: true })
    await expectAll(later, 'new')
  })

  it('changes nothing, also not what a crash left', async () => {
    const fileSystem = memoryFileSystem({ seed: 3 })
    const writer = await Store.open('/s', { fileSystem, ...TINY, sync: 'none' })
    await fill(writer, 'old')
    await writer.sync()
    for (let i = 0; i < 5; i++) await writer.put(`more-${i}`, 'x'.repeat(300))
    fileSystem.powerCut()
    await writer.close().catch(() => {})
    const [log = ''] = fileSystem
      .paths()
      .filter((path) => path.endsWith('.log'))
      .slice(-1)
    fileSystem.writeFile(log, Buffer.concat([fileSystem.readFile(log), Buffer.from('torn')]))
    const before = contentOf(fileSystem)
    const reader = await Store.open('/s', { fileSystem, ...TINY, readOnly: true })
    expect(text(reader.getSync('key-007'))).toBe('old-7')
    await reader.close()
    expect(contentOf(fileSystem)).toEqual(before)
  })

  it('refuses everything that writes', async () => {
    const fileSystem = memoryFileSystem()
    await using writer = await Store.open('/s', { fileSystem, ...TINY })
    await fill(writer, 'old')
    await using reader = await Store.open('/s', { fileSystem, ...TINY, readOnly: true })
    const refused = { code: 'STORE_READ_ONLY', path: '/s' }
    await expect(reader.put('a', 'b')).rejects.toMatchObject(refused)
    await expect(reader.delete('a')).rejects.toMatchObject(refused)
    await expect(reader.deleteRange({})).rejects.toMatchObject(refused)
    await expect(reader.write([{ type: 'put', key: 'a', value: 'b' }])).rejects.toMatchObject(
      refused,
    )
    await expect(reader.putIf('a', 'b', { ifAbsent: true }).done).rejects.toMatchObject(refused)
    await expect(reader.flush()).rejects.toMatchObject(refused)
    await expect(reader.sync()).rejects.toMatchObject(refused)
    await expect(reader.compact()).rejects.toMatchObject(refused)
    await expect(reader.checkpoint('/copy')).rejects.toMatchObject(refused)
    await expect(reader.backup('/backup')).rejects.toMatchObject(refused)
    await expect(reader.keyspace('another')).rejects.toMatchObject(refused)
    await expect(reader.keyspace('log', { merge: 'append' })).resolves.toMatchObject({
      name: 'log',
    })
    expect(() => reader.begin()).toThrow(expect.objectContaining(refused))
    expect(() => reader.writeSync([])).toThrow(expect.objectContaining(refused))
    expect(reader.hasSync('a')).toBe(false)
  })

  it('must be there', async () => {
    const fileSystem = memoryFileSystem()
    const opened = Store.open('/none', { fileSystem, readOnly: true })
    await expect(opened).rejects.toMatchObject({ code: 'STORE_MISSING' })
    expect(fileSystem.paths()).toEqual([])
  })
})
