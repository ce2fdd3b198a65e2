import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, VirtualClock } from '@ashlar/codec'
import {
  type Keyspace,
  memoryFileSystem,
  type Snapshot,
  Store,
  type StoreOptions,
} from '@ashlar/lsm-store'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const SMALL = {
  memtableBytes: 4096,
  tables: { blockBytes: 256, tableBytes: 8192, levelBytes: 8192, levelZeroTables: 2 },
} as const

function moduleOf(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`
}

/** Drops what starts with x, and makes capitals of y. */
const FILTER = moduleOf(`export default (key, value) => {
  if (value[0] === 0x78) return 'drop'
  if (value[0] !== 0x79) return 'keep'
  value[0] = 0x59
  return value
}`)

function openSmall(options: StoreOptions = {}): Promise<Store> {
  return Store.open('/s', { fileSystem: memoryFileSystem(), ...SMALL, ...options })
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString()

describe('a compaction filter', () => {
  it('drops entries and changes values, in the worker, of its keyspace alone', async () => {
    const path = mkdtempSync(join(tmpdir(), 'lsm-filter-'))
    try {
      await using store = await Store.open(path, SMALL)
      const filtered = await store.keyspace('filtered', { compactionFilter: FILTER })
      for (const keyspace of [store, filtered]) {
        for (const value of ['a', 'x', 'y']) await keyspace.put(`key-${value}`, `${value}-value`)
      }
      await store.flush()
      expect(text(filtered.getSync('key-x'))).toBe('x-value')
      await store.compact()
      expect(filtered.getSync('key-x')).toBeUndefined()
      expect(text(filtered.getSync('key-y'))).toBe('Y-value')
      expect(text(filtered.getSync('key-a'))).toBe('a-value')
      for (const value of ['a', 'x', 'y']) {
        expect(text(store.getSync(`key-${value}`))).toBe(`${value}-value`)
      }
      expect((await store.verify()).problems).toEqual([])
    } finally {
      rmSync(path, { recursive: true })
    }
  })

  it('leaves to a snapshot what it shows, and brings nothing older back', async () => {
    await using store = await openSmall({ defaultKeyspace: { compactionFilter: FILTER } })
    await store.put('key', 'a1')
    await store.put('seen', 'x1')
    const snapshot = store.snapshot()
    await store.put('key', 'x2')
    await store.compact()
    expect(store.getSync('key')).toBeUndefined()
    expect(text(store.getSync('key', { snapshot }))).toBe('a1')
    expect(text(store.getSync('seen'))).toBe('x1')
    snapshot.close()
    await store.compact()
    for (const key of ['key', 'seen']) expect(store.getSync(key)).toBeUndefined()
    expect(store.metrics().tables).toBe(0)
  })

  it('leaves it also to a snapshot that is made while it is at work', async () => {
    const clock = new VirtualClock()
    const tables = { ...SMALL.tables, compactionBytesPerSecond: 1000 }
    const defaultKeyspace = { compactionFilter: FILTER }
    await using store = await openSmall({ clock, tables, defaultKeyspace, sync: 'none' })
    await store.put('key', 'x1')
    await store.put('other', 'y1')
    await store.flush()
    const done = store.compact()
    while (!store.metrics().compacting) await new Promise((resolve) => setImmediate(resolve))
    const snapshot = store.snapshot()
    await store.put('later', 'a')
    let finished = false
    void done.then(() => {
      finished = true
    })
    while (!finished) {
      await clock.advance(1000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await store.flush()
    expect(store.getSync('key')).toBeUndefined()
    expect(text(store.getSync('key', { snapshot }))).toBe('x1')
    expect(text(store.getSync('other', { snapshot }))).toBe('y1')
    expect(store.getSync('later', { snapshot })).toBeUndefined()
    const keys: (string | undefined)[] = []
    for await (const [key] of store.scan({ snapshot })) keys.push(text(key))
    expect(keys).toEqual(['key', 'other'])
    snapshot.close()
  })

  it('keeps the end of what it changes, and all about which it throws', async () => {
    const now = 1_000_000
    const clock = { ...systemClock, now: () => now }
    await using store = await openSmall({ clock })
    const filtered = await store.keyspace('filtered', { compactionFilter: FILTER })
    await filtered.put('key', 'y1', { ttlMs: 5000 })
    await store.compact()
    const entry = filtered.entry('key')
    expect([text(entry?.value), entry?.expiresAt, entry?.version]).toEqual(['Y1', now + 5000, 1])
    const broken = moduleOf("export default () => { throw new Error('no') }")
    const other = await store.keyspace('other', { compactionFilter: broken })
    await other.put('key', 'x1')
    await store.compact()
    expect(text(other.getSync('key'))).toBe('x1')
    const none = moduleOf('export default 1')
    await expect(store.keyspace('no', { compactionFilter: none })).rejects.toThrow('no function')
  })

  it('shows each reader one moment, in any history', { timeout: 60_000 }, async () => {
    const key = fc.integer({ min: 0, max: 15 }).map((n) => `key-${n}`)
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.tuple(fc.constant('put'), key, fc.constantFrom('a', 'x', 'y')) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('delete'), key, fc.constant('')) },
      {
        weight: 4,
        arbitrary: fc.tuple(
          fc.constantFrom('flush', 'compact', 'start', 'snapshot', 'close', 'check'),
          key,
          fc.constant(''),
        ),
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        await using store = await openSmall({ defaultKeyspace: { compactionFilter: FILTER } })
        await new FilterRun(store).run(steps)
      }),
      { numRuns: Number(process.env['ASHLAR_HISTORIES'] ?? 40) },
    )
  })
})

/** A history against what a filter may have done by then. */
class FilterRun {
  readonly #store: Store
  readonly #model: Map<string, string> = new Map()
  readonly #views: { readonly snapshot: Snapshot; readonly seen: string }[] = []
  readonly #pending: Promise<void>[] = []
  #puts = 0

  constructor(store: Store) {
    this.#store = store
  }

  async run(steps: readonly (readonly [string, string, string])[]): Promise<void> {
    for (const [action, key, value] of steps) await this.#step(action, key, value)
    await Promise.all(this.#pending)
    this.#check()
  }

  async #step(action: string, key: string, value: string): Promise<void> {
    const store = this.#store
    if (action === 'put') {
      const whole = `${value}${this.#puts++}${'-'.repeat(100)}`
      this.#model.set(key, whole)
      await store.put(key, whole)
    } else if (action === 'delete') {
      this.#model.delete(key)
      await store.delete(key)
    } else if (action === 'flush') await store.flush()
    else if (action === 'compact') await store.compact()
    else if (action === 'start') this.#pending.push(store.compact())
    else if (action === 'snapshot') {
      const snapshot = store.snapshot()
      this.#views.push({ snapshot, seen: contentOf(store, snapshot) })
    } else if (action === 'close') this.#views.shift()?.snapshot.close()
    else this.#check()
  }

  #check(): void {
    const store = this.#store
    for (let n = 0; n <= 15; n++) {
      const key = `key-${n}`
      const found = text(store.getSync(key))
      const put = this.#model.get(key)
      if (found === put) continue
      const changed = put?.startsWith('y') === true ? `Y${put.slice(1)}` : undefined
      expect(found).toBe(put?.startsWith('x') === true ? undefined : changed)
    }
    for (const { snapshot, seen } of this.#views) expect(contentOf(store, snapshot)).toBe(seen)
  }
}

function contentOf(keyspace: Keyspace, snapshot: Snapshot): string {
  const lines: string[] = []
  const iterator = keyspace.iterator({ snapshot })
  for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
    const [key, value] = entry
    expect(text(keyspace.getSync(key, { snapshot }))).toBe(text(value))
    lines.push(`${text(key)}=${text(value)}`)
  }
  iterator.close()
  return lines.join('\n')
}
