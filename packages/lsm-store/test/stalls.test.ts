import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, type StallInfo, Store } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'
import { WriteStalls } from '../src/store/stalls.ts'

describe('write stalls', () => {
  it('delay a little, then more, then stop, and say so', async () => {
    const clock = new VirtualClock()
    const seen: StallInfo[] = []
    const onStall = (info: StallInfo): void => void seen.push(info)
    const stalls = new WriteStalls({ clock, levelZeroTables: 4, onStall })
    for (let levelZeroTables = 0; levelZeroTables <= 21; levelZeroTables++) {
      stalls.update({ unflushedMemtables: 0, levelZeroTables })
    }
    const delays = seen.map(({ delayMs }) => delayMs)
    expect(seen.map(({ state }) => state)).toEqual(['delay', 'delay', 'delay', 'delay', 'stop'])
    expect(delays.slice(0, -1)).toEqual([1, 2, 4, 8])
    let released = false
    const stopped = stalls.throttle()?.then(() => {
      released = true
    })
    await clock.advance(60_000)
    expect(released).toBe(false)
    stalls.update({ unflushedMemtables: 0, levelZeroTables: 3 })
    await stopped
    expect(released).toBe(true)
    expect(stalls.stalledMs).toBe(60_000)
    expect(stalls.throttle()).toBeUndefined()
  })

  it('hold back acknowledgements, not visibility, and end when the background has caught up', async () => {
    const states: string[] = []
    await using store = await Store.open('/s', {
      fileSystem: memoryFileSystem(),
      memtableBytes: 1024,
      tables: { blockBytes: 256, tableBytes: 1024, levelBytes: 2048, levelZeroTables: 2 },
      events: { onStall: ({ state }) => void states.push(state) },
    })
    const writes = Array.from({ length: 200 }, (_, i) => store.put(`key-${i}`, 'x'.repeat(100)))
    expect(store.hasSync('key-199')).toBe(true)
    expect(store.metrics().unflushedMemtables).toBeGreaterThan(3)
    expect(states).toContain('delay')
    expect(states).toContain('stop')
    await Promise.all(writes)
    await store.flush()
    await store.compact()
    expect(states.at(-1)).toBe('none')
    expect(store.metrics().stalls).toBeGreaterThan(0)
  })

  it('refuse writes when far too much is waiting', async () => {
    await using store = await Store.open('/s', {
      fileSystem: memoryFileSystem(),
      memtableBytes: 1024 * 1024,
    })
    const value = new Uint8Array(900_000)
    const results = await Promise.allSettled(
      Array.from({ length: 90 }, (_, i) => store.put(`key-${i}`, value)),
    )
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(30)
    expect(refused[0]).toMatchObject({ reason: { code: 'STORE_BUSY' } })
    await store.flush()
    await store.put('after', 'x')
    expect(store.state).toBe('open')
  })

  it('refuse them by the bound that was given', async () => {
    await using store = await Store.open('/s', {
      fileSystem: memoryFileSystem(),
      memtableBytes: 1024 * 1024,
      maxUnflushedBytes: 200 * 1024 * 1024,
    })
    const value = new Uint8Array(900_000)
    await Promise.all(Array.from({ length: 90 }, (_, i) => store.put(`key-${i}`, value)))
    expect(store.hasSync('key-89')).toBe(true)
  })
})
