// A full disk: writes fail and say so, reads go on, nothing acknowledged is lost, nothing half
// written is seen, and writing goes on when there is space, in the same open store.

import { VirtualClock } from '@ashlar/codec'
import { type ErrorInfo, isStoreError, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { type FileSystemCall, faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

const TINY = {
  memtableBytes: 2048,
  tables: { blockBytes: 256, tableBytes: 2048, levelZeroTables: 2 },
}

/** What a full disk refuses. Syncs are another matter: a failed one is for good. */
const needsSpace = ({ name, mode }: FileSystemCall): boolean =>
  name === 'write' || name === 'makeDirectory' || (name === 'open' && mode === 'create')

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString()

/** Writes and checks; `full(call)` decides which calls find no space. */
class Run {
  readonly disk = memoryFileSystem({ seed: 11 })
  readonly clock = new VirtualClock()
  /** Acknowledged writes. */
  readonly model = new Map<string, string>()
  readonly errors: ErrorInfo[] = []
  calls = 0
  full: (index: number, call: FileSystemCall) => boolean = () => false
  refused = 0
  store!: Store // opened before anything else is done with it

  async open(): Promise<void> {
    const fileSystem = faultyFileSystem(this.disk, (call) =>
      this.full(this.calls++, call) && needsSpace(call) ? 'ENOSPC' : undefined,
    )
    const events = { onError: (info: ErrorInfo) => void this.errors.push(info) }
    this.store = await Store.open('/s', { fileSystem, clock: this.clock, events, ...TINY })
  }

  /** Waits for a promise, and lets time pass for those who wait for that. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const watched = promise.finally(() => {
      settled = true
    })
    watched.catch(() => {})
    while (!settled) {
      await new Promise((resolve) => setImmediate(resolve))
      if (!settled) await this.clock.advance(10)
    }
    return watched
  }

  async put(key: string, value: string): Promise<void> {
    const { store, model } = this
    try {
      await this.settle(
        store.write([
          { type: 'put', key, value },
          { type: 'put', key: `${key}'`, value },
        ]),
      )
      model.set(key, value)
      model.set(`${key}'`, value)
    } catch (error) {
      if (!isStoreError(error, 'STORE_FULL')) throw error
      this.refused += 1
    }
  }

  async check(store: Store = this.store): Promise<void> {
    const found = new Map<string, string>()
    for await (const [key, value] of store.scan()) found.set(text(key) ?? '', text(value) ?? '')
    expect(found).toEqual(new Map([...this.model].sort(([a], [b]) => (a < b ? -1 : 1))))
    for (const [key, value] of this.model) expect(text(store.getSync(key))).toBe(value)
  }

  /** Time for those who look again. */
  async later(): Promise<void> {
    await this.clock.advance(10_000)
  }
}

describe('a full disk', () => {
  it('refuses writes by STORE_FULL, answers reads, and takes writes again when it has space', async () => {
    const run = new Run()
    await run.open()
    await run.put('a', '1')
    run.full = () => true
    const snapshot = run.store.snapshot()
    await run.put('a', '2')
    await run.put('b', '2')
    expect(run.refused).toBe(2)
    expect(run.store.state).toBe('full')
    expect(run.errors).toMatchObject([{ poisoned: false, error: { code: 'STORE_FULL' } }])
    await run.check()
    expect(run.store.lastSequence).toBe(2)
    await expect(run.store.flush()).rejects.toMatchObject({ code: 'STORE_FULL' })
    run.full = () => false
    await run.later()
    expect(run.store.state).toBe('open')
    await run.put('a', '3')
    await run.put('b', '3')
    await run.check()
    expect(text(run.store.getSync('a', { snapshot }))).toBe('1')
    expect(run.store.hasSync('b', { snapshot })).toBe(false)
    await run.store.close()
    await run.open()
    await run.check()
    await run.store.close()
  })

  it('shows no snapshot of the failing turn what came after it', async () => {
    const run = new Run()
    await run.open()
    await run.put('a', '1')
    run.full = () => true
    const lost = run.store.put('a', 'lost')
    const snapshot = run.store.snapshot()
    const iterator = run.store.iterator()
    await expect(lost).rejects.toMatchObject({ code: 'STORE_FULL' })
    run.full = () => false
    await run.later()
    await run.put('a', '2')
    await run.put('c', '2')
    expect(text(run.store.getSync('a', { snapshot }))).toBe('1')
    expect(run.store.hasSync('c', { snapshot })).toBe(false)
    const keys = (await iterator.nextMany(10)).map(([key]) => text(key))
    expect(keys).toEqual(['a', "a'"])
    iterator.close()
    await run.check()
    await run.store.close()
  })

  it('is noticed at once by the next write, not by a clock alone', async () => {
    const run = new Run()
    await run.open()
    run.full = () => true
    await run.put('a', '1')
    run.full = () => false
    await run.clock.advance(100)
    await run.put('a', '2')
    expect(run.refused).toBe(1)
    await run.check()
    await run.store.close()
  })

  it('at any call loses nothing, and writes go on afterwards', { timeout: 60_000 }, async () => {
    const counting = new Run()
    await counting.open()
    for (let i = 0; i < 60; i++) await counting.put(`key${i % 20}`, `${i}`.repeat(20))
    await counting.store.close()
    const first = counting.calls
    let met = 0
    for (let index = 20; index < first; index += 3) {
      const run = new Run()
      await run.open()
      // Full from this call on, for a while.
      run.full = (call) => call >= index && call < index + 25
      for (let i = 0; i < 60; i++) {
        await run.put(`key${i % 20}`, `${i}`.repeat(20))
        if (run.store.state === 'full') await run.clock.advance(400)
      }
      run.full = () => false
      met += run.refused > 0 || run.errors.length > 0 ? 1 : 0
      await run.later()
      expect(run.store.state, `call ${index}`).toBe('open')
      await run.put('after', 'all')
      expect(run.model.has('after'), `call ${index}`).toBe(true)
      await run.settle(run.store.flush())
      await run.check()
      expect((await run.store.verify()).problems, `call ${index}`).toEqual([])
      // And so after a power cut, as far as it was durable.
      await run.store.sync()
      run.disk.powerCut()
      await run.store.close().catch(() => {})
      run.full = () => false
      await using again = await Store.open('/s', { fileSystem: run.disk, ...TINY })
      await run.check(again)
    }
    expect(met).toBeGreaterThan(20)
  })

  it('during a sync is for good', async () => {
    const disk = memoryFileSystem()
    let broken = false
    const fileSystem = faultyFileSystem(disk, ({ name }) =>
      broken && name === 'sync' ? 'ENOSPC' : undefined,
    )
    const store = await Store.open('/s', { fileSystem, sync: 'always' })
    await store.put('a', '1')
    broken = true
    await expect(store.put('a', '2')).rejects.toMatchObject({ code: 'STORE_FULL' })
    broken = false
    expect(store.state).toBe('poisoned')
    await expect(store.put('a', '3')).rejects.toMatchObject({ code: 'STORE_POISONED' })
    await store.close()
  })
})
