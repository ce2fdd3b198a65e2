import { HybridClock, VirtualClock } from '@ashlar/codec'
import { expect, test } from 'vitest'

test('a process that crashes again and again does not walk into the future', () => {
  const clock = new VirtualClock({ startMs: 1_000_000 })
  let ceiling = 0n
  let last = 0n
  for (let crash = 0; crash < 200; crash += 1) {
    const hlc = HybridClock.create({
      node: 'a',
      clock,
      ceiling,
      persistCeiling: (next) => {
        ceiling = next
      },
    })
    for (let i = 0; i < 10; i += 1) {
      const { time } = hlc.now()
      expect(time).toBeGreaterThan(last)
      last = time
    }
    clock.step(200)
    expect(HybridClock.toMilliseconds({ time: last, node: 'a' }) - clock.now()).toBeLessThan(31_000)
  }
})

test('a ceiling is never lowered while timestamps are ahead of the wall clock', () => {
  const clock = new VirtualClock({ startMs: 1_000_000 })
  const stored: bigint[] = []
  const open = (): HybridClock =>
    HybridClock.create({
      node: 'a',
      clock,
      ceiling: stored.at(-1) ?? 0n,
      persistCeiling: (next) => {
        stored.push(next)
      },
    })
  open().now()
  clock.step(-20_000)
  open().now()
  open().now()
  expect(stored).toEqual([...stored].sort((a, b) => (a < b ? -1 : 1)))
  expect(stored).toHaveLength(3)
})

test('a restart after a crash begins at most the given window in the future', () => {
  const clock = new VirtualClock({ startMs: 1_000_000 })
  let ceiling = 0n
  const open = (): HybridClock =>
    HybridClock.create({
      node: 'a',
      clock,
      ceiling,
      ceilingWindowMs: 2000,
      persistCeiling: (next) => {
        ceiling = next
      },
    })
  open().now()
  const ahead = HybridClock.toMilliseconds(open().now()) - clock.now()
  expect(ahead).toBe(2000)
  expect(() => HybridClock.create({ node: 'a', ceilingWindowMs: 0, persistCeiling() {} })).toThrow(
    RangeError,
  )
})
