import { decodeKey, encodeKey, HybridClock, VirtualClock } from '@ashlar/codec'
import { expect, test } from 'vitest'

const startMs = Date.UTC(2026, 0, 1)
const at = (ms: number, counter = 0n): bigint => (BigInt(ms) << 16n) + counter

/** What a process keeps in its store. */
class Stored {
  ceiling = 0n
  readonly history: bigint[] = []
  readonly write = (ceiling: bigint): void => {
    this.ceiling = ceiling
    this.history.push(ceiling)
  }
}

test('shows the wall clock, and counts within a millisecond', async () => {
  const clock = new VirtualClock({ startMs })
  const hlc = HybridClock.create({ node: 'a', clock })
  expect(hlc.now()).toEqual({ time: at(startMs), node: 'a' })
  expect(hlc.now().time).toBe(at(startMs, 1n))
  await clock.advance(1)
  expect(hlc.now().time).toBe(at(startMs + 1))
  expect(HybridClock.toMilliseconds(hlc.now())).toBe(startMs + 1)
})

test('goes on counting when the wall clock steps back, beyond a full counter', () => {
  const clock = new VirtualClock({ startMs })
  const hlc = HybridClock.create({ node: 'a', clock })
  let last = hlc.now().time
  clock.step(-3_600_000)
  for (let i = 0; i < 70_000; i++) {
    const { time } = hlc.now()
    if (time !== last + 1n) throw new Error(`${time} follows ${last}`)
    last = time
  }
  expect(last).toBe(at(startMs, 70_000n))
})

test('issues above what it receives', () => {
  const clock = new VirtualClock({ startMs })
  const hlc = HybridClock.create({ node: 'a', clock })
  const ahead = { time: at(startMs + 5000, 7n), node: 'b' }
  expect(hlc.receive(ahead)).toEqual({ time: at(startMs + 5000, 8n), node: 'a' })
  expect(hlc.receive({ time: at(startMs), node: 'b' }).time).toBe(at(startMs + 5000, 9n))
  expect(hlc.now().time).toBe(at(startMs + 5000, 10n))
})

test('refuses what is too far ahead, and is not moved by it', () => {
  const clock = new VirtualClock({ startMs })
  const hlc = HybridClock.create({ node: 'a', clock, maxDriftMs: 1000 })
  expect(hlc.receive({ time: at(startMs + 1000), node: 'b' }).time).toBe(at(startMs + 1000, 1n))
  const before = hlc.now().time
  for (const time of [at(startMs + 1001), 2n ** 200n]) {
    expect(() => hlc.receive({ time, node: 'b' })).toThrow(
      expect.objectContaining({ code: 'CLOCK_DRIFT', message: expect.stringContaining('b is') }),
    )
  }
  expect(hlc.now().time).toBe(before + 1n)
})

test('accepts anything old, also what no clock has issued', () => {
  const hlc = HybridClock.create({ node: 'a', clock: new VirtualClock({ startMs }) })
  expect(hlc.receive({ time: -5n, node: 'b' }).time).toBe(at(startMs))
})

test('sorts by time, then node', () => {
  const stamps = [
    { time: 2n, node: 'a' },
    { time: 1n, node: 'b' },
    { time: 1n, node: 'a' },
  ]
  expect(stamps.toSorted(HybridClock.compare)).toEqual([stamps[2], stamps[1], stamps[0]])
  expect(HybridClock.compare({ time: 1n, node: 'a' }, { time: 1n, node: 'a' })).toBe(0)
})

test('fits a key up to its last time, and then stops', () => {
  const last = 2n ** 63n - 1n
  const clock = new VirtualClock({ startMs: Number(last >> 16n) })
  const hlc = HybridClock.create({ node: 'a', clock, ceiling: last - 1n })
  const { time } = hlc.now()
  expect(time).toBe(last)
  expect(decodeKey(encodeKey([time]))).toEqual([last])
  expect(() => hlc.now()).toThrow(expect.objectContaining({ code: 'CLOCK_EXHAUSTED' }))
})

test('a restart begins above the ceiling, even with the wall clock far back', () => {
  const stored = new Stored()
  const options = { node: 'a', persistCeiling: stored.write }
  const first = HybridClock.create({ ...options, clock: new VirtualClock({ startMs }) })
  const last = first.now()
  const second = HybridClock.create({
    ...options,
    clock: new VirtualClock({ startMs: startMs - 86_400_000 }),
    ceiling: stored.ceiling,
  })
  expect(second.now().time).toBeGreaterThan(last.time)
})

test('a synchronous ceiling is stored rarely, and before any timestamp reaches it', async () => {
  const clock = new VirtualClock({ startMs })
  const stored = new Stored()
  const hlc = HybridClock.create({ node: 'a', clock, persistCeiling: stored.write })
  for (let i = 0; i < 1000; i++) {
    expect(hlc.now().time <= stored.ceiling).toBe(true)
    await clock.advance(100)
  }
  expect(stored.history.length).toBeLessThanOrEqual(5)
  expect(clock.pendingTimers).toBe(0)
})

test('close lowers the ceiling to the last timestamp, and ends issuing', async () => {
  const clock = new VirtualClock({ startMs })
  const stored = new Stored()
  const hlc = HybridClock.create({ node: 'a', clock, persistCeiling: stored.write })
  const last = hlc.now()
  await hlc.close()
  await hlc.close()
  expect(stored.ceiling).toBe(last.time)
  expect(() => hlc.now()).toThrow(/closed/)
})

test('an asynchronous ceiling makes the first timestamp wait', async () => {
  const clock = new VirtualClock({ startMs })
  const stored = new Stored()
  const persistCeiling = async (ceiling: bigint): Promise<void> => stored.write(ceiling)
  const early = HybridClock.create({ node: 'a', clock, persistCeiling })
  expect(() => early.now()).toThrow(/await ready/)
  await early.ready()
  expect(early.now().time <= stored.ceiling).toBe(true)
  await early.close()
  const hlc = await HybridClock.open({ node: 'a', clock, persistCeiling, ceiling: stored.ceiling })
  expect(hlc.now().time <= stored.ceiling).toBe(true)
  await hlc.close()
})

test('an asynchronous ceiling is raised ahead of need, also while nothing is issued', async () => {
  const clock = new VirtualClock({ startMs })
  const stored = new Stored()
  const persistCeiling = async (ceiling: bigint): Promise<void> => stored.write(ceiling)
  await using hlc = await HybridClock.open({ node: 'a', clock, persistCeiling })
  for (let i = 0; i < 10; i++) {
    await clock.advance(600_000)
    expect(hlc.now().time).toBe(at(clock.now()))
  }
})

test('after a leap of the wall clock, ready brings an asynchronous ceiling along', async () => {
  const clock = new VirtualClock({ startMs })
  await using hlc = await HybridClock.open({
    node: 'a',
    clock,
    persistCeiling: () => Promise.resolve(),
  })
  clock.step(3_600_000)
  expect(() => hlc.now()).toThrow(expect.objectContaining({ code: 'CLOCK_EXHAUSTED' }))
  await hlc.ready()
  expect(hlc.now().time).toBe(at(clock.now()))
})

test('a ceiling that cannot be stored stops the clock, with the cause, until it can', async () => {
  const clock = new VirtualClock({ startMs })
  const failure = new Error('disk full')
  let broken = false
  await using hlc = await HybridClock.open({
    node: 'a',
    clock,
    persistCeiling: () => (broken ? Promise.reject(failure) : Promise.resolve()),
  })
  broken = true
  await clock.advance(29_999)
  expect(hlc.now().time).toBe(at(clock.now()))
  await clock.advance(2)
  const stopped = expect.objectContaining({ code: 'CLOCK_EXHAUSTED', cause: failure })
  expect(() => hlc.now()).toThrow(stopped)
  await expect(hlc.ready()).rejects.toThrow(stopped)
  broken = false
  await hlc.ready()
  expect(hlc.now().time).toBe(at(clock.now()))
})

test('a synchronous failure to store is the cause as well', () => {
  const failure = new Error('read-only')
  const hlc = HybridClock.create({
    node: 'a',
    persistCeiling: () => {
      throw failure
    },
  })
  expect(() => hlc.now()).toThrow(
    expect.objectContaining({ code: 'CLOCK_EXHAUSTED', cause: failure }),
  )
})

test('refuses options that cannot be meant', () => {
  expect(() => HybridClock.create({ node: '' })).toThrow(/node/)
  expect(() => HybridClock.create({ node: 'a', maxDriftMs: -1 })).toThrow(/maxDriftMs/)
  expect(() => HybridClock.create({ node: 'a', ceiling: -1n })).toThrow(/ceiling/)
  expect(() => HybridClock.create({ node: 'a', ceiling: 2n ** 63n })).toThrow(RangeError)
})
