import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'
import { builtInOperator } from '../../src/merge/merge-operator.ts'

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

function int64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true)
  return bytes
}
const numberOf = (bytes: Uint8Array | undefined): bigint | undefined =>
  bytes === undefined ? undefined : new DataView(bytes.slice().buffer).getBigInt64(0, true)

describe('built-in operators', () => {
  it('are associative, and do what they are called', () => {
    const add = builtInOperator('int64-add')?.merge as (a: Uint8Array, b: Uint8Array) => Uint8Array
    expect(numberOf(add(int64(5), int64(-7)))).toBe(-2n)
    expect(numberOf(add(int64(2n ** 63n - 1n), int64(1)))).toBe(-(2n ** 63n))
    expect(numberOf(add(Uint8Array.of(3), new Uint8Array(0)))).toBe(3n)
    const samples = [int64(1), int64(-300), Uint8Array.of(9, 9), new Uint8Array(0)]
    for (const name of ['append', 'int64-add', 'max', 'min']) {
      const merge = builtInOperator(name)?.merge as typeof add
      for (const a of samples) {
        for (const b of samples) {
          for (const c of samples) expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)))
        }
      }
    }
    expect(builtInOperator('toString')).toBeUndefined()
  })
})

describe('merge', () => {
  it('adds up without reading, through flushes, compaction and snapshots', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    const counts = await store.keyspace('counts', { merge: 'int64-add' })
    let snapshot = store.snapshot()
    for (let i = 1; i <= 100; i++) {
      await counts.merge('n', int64(i))
      if (i === 50) snapshot = store.snapshot()
      if (i % 20 === 0) await store.flush()
    }
    expect(numberOf(counts.getSync('n'))).toBe(5050n)
    expect(numberOf(counts.getSync('n', { snapshot }))).toBe(1275n)
    const versions = counts.entry('n')?.version
    await store.compact()
    expect(numberOf(counts.getSync('n'))).toBe(5050n)
    expect(numberOf(counts.getSync('n', { snapshot }))).toBe(1275n)
    expect(counts.entry('n')?.version).toBe(versions)
    snapshot.close()
    await counts.put('n', int64(1))
    await counts.merge('n', int64(1))
    await counts.delete('m')
    await counts.merge('m', int64(3))
    await store.compact()
    const found: unknown[] = []
    for await (const [key, value] of counts.scan()) found.push([text(key), numberOf(value)])
    expect(found).toEqual([
      ['m', 3n],
      ['n', 2n],
    ])
    expect(store.metrics().tables).toBe(1)
  })

  it('of one key twenty thousand times is read in time in proportion', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    const counts = await store.keyspace('counts', { merge: 'int64-add' })
    const one = int64(1)
    for (let i = 0; i < 20_000; i++) void counts.merge('n', one)
    await store.sync()
    // Looking each operand up anew would take their square.
    expect(numberOf(counts.getSync('n'))).toBe(20_000n)
    await store.flush()
    expect(numberOf(counts.getSync('n'))).toBe(20_000n)
  })

  it('begins anew after a delete or a deleted range', async () => {
    await using store = await Store.open('/s', {
      fileSystem: memoryFileSystem(),
      defaultKeyspace: { merge: 'append' },
    })
    await store.merge('a', '1')
    await store.flush()
    await store.deleteRange({})
    expect(store.getSync('a')).toBeUndefined()
    await store.write(store.batch().merge('a', '2').merge('a', '3'))
    await store.flush()
    expect(text(store.getSync('a'))).toBe('23')
    await store.write([
      { type: 'delete', key: 'a' },
      { type: 'merge', key: 'a', value: '4' },
    ])
    expect(text(store.getSync('a'))).toBe('4')
    await store.compact()
    expect(text(store.getSync('a'))).toBe('4')
  })

  it('does not reach below a deleted range that lies in an older part of the store', async () => {
    await using store = await Store.open('/s', {
      fileSystem: memoryFileSystem(),
      defaultKeyspace: { merge: 'append' },
    })
    await store.put('a', 'old')
    await store.flush()
    await store.deleteRange({ gte: 'a', lt: 'b' })
    const snapshot = store.snapshot()
    await store.flush()
    await store.merge('a', '1')
    expect(text(store.getSync('a'))).toBe('1')
    await store.flush()
    await store.merge('a', '2')
    expect(text(store.getSync('a'))).toBe('12')
    expect(store.getSync('a', { snapshot })).toBeUndefined()
    snapshot.close()
  })

  it('needs an operator, which it remembers by name', async () => {
    const fileSystem = memoryFileSystem()
    const store = await Store.open('/s', { fileSystem })
    await expect(store.merge('a', '1')).rejects.toThrow(/no merge operator/)
    expect(() => store.batch().merge('a', '1')).toThrow(/no merge operator/)
    const log = await store.keyspace('log', { merge: 'append' })
    await log.merge('a', '1')
    await log.merge('a', '2')
    await expect(log.put('a', '1', { ttlMs: 5 })).rejects.toThrow(/since it merges/)
    await store.close()
    await using again = await Store.open('/s', { fileSystem })
    expect(text((await again.keyspace('log')).getSync('a'))).toBe('12')
  })

  it('shows operands in changes()', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    const log = await store.keyspace('log', { merge: 'append' })
    await log.merge('a', '1')
    for await (const { operations } of log.changes()) {
      expect(operations.map(({ type }) => type)).toEqual(['merge'])
    }
  })

  it('runs an operator of yours in the worker, and leaves operands alone without it', async () => {
    const path = mkdtempSync(join(tmpdir(), 'lsm-merge-'))
    try {
      const url = pathToFileURL(join(path, 'longest.mjs'))
      writeFileSync(url, 'export default (a, b) => (b.length > a.length ? b : a)')
      const directory = join(path, 'store')
      const store = await Store.open(directory)
      const words = await store.keyspace('words', { merge: { name: 'longest', url } })
      for (const word of ['oak', 'larch', 'yew']) await words.merge('w', word)
      expect(text(words.getSync('w'))).toBe('larch')
      await store.compact()
      expect(text(words.getSync('w'))).toBe('larch')
      await words.merge('w', 'a')
      await words.merge('w', 'sycamore')
      await store.close()
      await using again = await Store.open(directory)
      const same = await again.keyspace('words')
      expect(() => same.getSync('w')).toThrow(/no merge operator/)
      await again.compact()
      await again.keyspace('words', { merge: { name: 'longest', url } })
      expect(text(same.getSync('w'))).toBe('sycamore')
    } finally {
      rmSync(path, { recursive: true })
    }
  })
})
