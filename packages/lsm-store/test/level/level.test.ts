// What classic-level has beyond abstract-level's suite, and what is ours.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryFileSystem, StoreError } from '@ashlar/lsm-store'
import { ClassicLevel, Level, LsmLevel } from '@ashlar/lsm-store/level'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-level-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const openMemory = async (): Promise<LsmLevel> => {
  const store = { fileSystem: memoryFileSystem() }
  const db = new LsmLevel('/db', { compression: false, store })
  await db.open()
  return db
}

describe('a Level database', () => {
  it('goes by the names that the ecosystem imports', () => {
    expect(ClassicLevel).toBe(LsmLevel)
    expect(Level).toBe(LsmLevel)
    expect(() => new LsmLevel('')).toThrow(TypeError)
  })

  it('takes every option of classic-level', async () => {
    const db = new LsmLevel(join(folder, 'a'), {
      createIfMissing: true,
      errorIfExists: true,
      compression: false,
      cacheSize: 8 * 1024 * 1024,
      writeBufferSize: 4 * 1024 * 1024,
      blockSize: 4096,
      maxOpenFiles: 1000,
      blockRestartInterval: 16,
      maxFileSize: 2 * 1024 * 1024,
      multithreading: false,
    })
    await db.put('a', '1', { sync: true } as object)
    expect(await db.get('a', { fillCache: false } as object)).toBe('1')
    const options = { highWaterMarkBytes: 1, fillCache: true } as object
    expect(await db.iterator(options).nextv(10)).toEqual([['a', '1']])
    expect(db.location).toBe(join(folder, 'a'))
    await db.close()
  })

  it('is locked while it is open, says by whom, and can be opened again after a close', async () => {
    const location = join(folder, 'a')
    await using db = new LsmLevel(location)
    await db.put('a', '1')
    const second = new LsmLevel(location)
    await expect(second.open()).rejects.toMatchObject({
      code: 'LEVEL_DATABASE_NOT_OPEN',
      cause: { code: 'LEVEL_LOCKED', message: expect.stringContaining(`pid ${process.pid}`) },
    })
    await db.close()
    await second.open()
    expect(await second.get('a')).toBe('1')
    await second.close()
    await db.open()
    expect(db.getSync('a')).toBe('1')
  })

  it('reports failures of the store under the codes of Level', async () => {
    const disk = memoryFileSystem()
    const fileSystem = faultyFileSystem(disk, ({ name, path }) =>
      name === 'write' && path.endsWith('.log') && armed ? 'EIO' : undefined,
    )
    let armed = false
    const db = new LsmLevel('/db', { store: { fileSystem } })
    await db.open()
    armed = true
    const failed = expect.objectContaining({
      code: 'LEVEL_IO_ERROR',
      cause: expect.any(StoreError),
    })
    await expect(db.put('a', '1')).rejects.toEqual(failed)
    await db.close()
    const path = disk.paths().find((name) => name.endsWith('MANIFEST-A')) as string
    disk.writeFile(path, new Uint8Array(10))
    disk.writeFile(path.replace('-A', '-B'), new Uint8Array(10))
    await expect(db.open()).rejects.toMatchObject({ cause: { code: 'LEVEL_CORRUPTION' } })
  })

  it('tells how much a range takes, before and after it is compacted', async () => {
    const db = await openMemory()
    for (let i = 0; i < 10; i++) await db.put(`k${i}`, 'x'.repeat(10_000))
    expect(await db.approximateSize('k0', 'k9~')).toBeGreaterThan(90_000)
    expect(await db.approximateSize('z', 'zz')).toBe(0)
    await db.compactRange('k0', 'k9~')
    expect(db.getProperty('leveldb.num-files-at-level1')).toBe('1')
    expect(await db.approximateSize('k0', 'k9~')).toBeGreaterThan(90_000)
    const half = await db.approximateSize('k0', 'k5')
    expect(half).toBeGreaterThan(30_000)
    expect(half).toBeLessThan(80_000)
    await db.clear()
    await db.compactRange('a', 'z')
    expect(await db.approximateSize('k0', 'k9~')).toBeLessThan(1000)
    await db.close()
  })

  it('clears many entries by one operation, a few by one each, and what is written later stays', async () => {
    const db = await openMemory()
    const sublevel = db.sublevel('part')
    for (let i = 0; i < 150; i++) await sublevel.put(`k${String(i).padStart(3, '0')}`, 'x')
    await db.put('mine', 'y')
    const before = db.store.lastSequence
    await sublevel.clear({ lt: 'k040' })
    expect(db.store.lastSequence).toBe(before + 40)
    const cleared = sublevel.clear()
    const put = sublevel.put('k100', 'later')
    await Promise.all([cleared, put])
    expect(db.store.lastSequence).toBe(before + 42)
    expect(await sublevel.iterator().all()).toEqual([['k100', 'later']])
    await db.put('k1', 'z')
    await sublevel.clear({ limit: 1, reverse: true })
    expect(await db.keys().all()).toEqual(['k1', 'mine'])
    await db.close()
  })

  it('knows the properties of LevelDB', async () => {
    const db = await openMemory()
    expect(db.getProperty('leveldb.stats')).toContain('compactions 0')
    expect(db.getProperty('leveldb.sstables')).toContain('level 0')
    expect(Number(db.getProperty('leveldb.approximate-memory-usage'))).toBeGreaterThan(0)
    expect(db.getProperty('leveldb.nothing')).toBe('')
    await db.close()
    expect(() => db.getProperty('leveldb.stats')).toThrow(
      expect.objectContaining({ code: 'LEVEL_DATABASE_NOT_OPEN' }),
    )
  })

  it('destroys its own files and nothing else', async () => {
    const location = join(folder, 'a')
    const db = new LsmLevel(location)
    await db.put('a', '1')
    await expect(LsmLevel.destroy(location)).rejects.toMatchObject({ code: 'LEVEL_LOCKED' })
    await db.close()
    writeFileSync(join(location, 'notes.txt'), 'mine')
    await LsmLevel.destroy(location)
    expect(readdirSync(location)).toEqual(['notes.txt'])
    rmSync(join(location, 'notes.txt'))
    await LsmLevel.destroy(location)
    expect(existsSync(location)).toBe(false)
    await LsmLevel.destroy(location)
  })

  it('keeps a snapshot readable for database and sublevel over clear and compaction', async () => {
    const db = await openMemory()
    const sub = db.sublevel('s')
    await sub.put('a', 'old')
    await using snapshot = db.snapshot()
    await db.clear()
    await db.compactRange('', '~')
    expect(await sub.get('a', { snapshot })).toBe('old')
    expect(await sub.keys({ snapshot }).all()).toEqual(['a'])
    expect(await sub.get('a')).toBeUndefined()
  })

  it('lets timers run in loops of reads', async () => {
    const db = await openMemory()
    await db.put('a', '1')
    let turned = false
    setImmediate(() => {
      turned = true
    })
    for (let i = 0; !turned; i++) {
      if (i > 100_000) throw new Error('the event loop did not turn')
      await db.get('a')
    }
    await db.close()
  })
})

describe('the synchronous side of a Level database', () => {
  it('reads and writes through the encodings, and survives the process', async () => {
    const fileSystem = memoryFileSystem()
    const options = { valueEncoding: 'json', store: { fileSystem } } as const
    const db = new LsmLevel<string, { n: number }>('/db', options)
    await db.open()
    db.sync.put('a', { n: 1 })
    db.sync.batch([
      { type: 'put', key: 'b', value: { n: 2 } },
      { type: 'del', key: 'a' },
      { type: 'put', key: 'c', value: { n: 3 } },
    ])
    db.sync.del('c')
    expect(db.sync.get('b')).toEqual({ n: 2 })
    expect(db.sync.getMany(['a', 'b'])).toEqual([undefined, { n: 2 }])
    expect([db.sync.has('a'), db.sync.has('b')]).toEqual([false, true])
    db.sync.put('d', { n: 4 })
    expect([...db.sync.entries({ gte: 'b', reverse: true })]).toEqual([
      ['d', { n: 4 }],
      ['b', { n: 2 }],
    ])
    expect([...db.sync.entries({ gt: 'b', limit: 1 })]).toEqual([['d', { n: 4 }]])
    // It stands in the file, before any promise was awaited.
    const log = fileSystem.paths().find((path) => path.endsWith('.log')) as string
    expect(Buffer.from(fileSystem.readFile(log)).includes('{"n":4}')).toBe(true)
    await db.close()
    expect(() => db.sync.get('a')).toThrow(
      expect.objectContaining({ code: 'LEVEL_DATABASE_NOT_OPEN' }),
    )
  })

  it('throws what the disk does', async () => {
    let armed = false
    const fileSystem = faultyFileSystem(memoryFileSystem(), ({ name }) =>
      armed && name === 'write' ? 'EIO' : undefined,
    )
    const db = new LsmLevel('/db', { store: { fileSystem } })
    await db.open()
    db.sync.put('a', '1')
    armed = true
    expect(() => db.sync.put('a', '2')).toThrow(expect.objectContaining({ code: 'LEVEL_IO_ERROR' }))
    expect(db.sync.get('a')).toBe('1')
    await db.close()
  })
})
