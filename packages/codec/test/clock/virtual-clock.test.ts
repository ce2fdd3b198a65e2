import { VirtualClock } from '@ashlar/codec'
import { expect, test } from 'vitest'

test('stands still until it is advanced', () => {
  const clock = new VirtualClock({ startMs: 1000 })
  expect([clock.now(), clock.monotonic(), clock.pendingTimers]).toEqual([1000, 0, 0])
})

test('fires timers in the order of their due times, at exactly these', async () => {
  const clock = new VirtualClock({ startMs: 1000 })
  const fired: [string, number, number][] = []
  const note = (name: string) => () => fired.push([name, clock.now(), clock.monotonic()])
  clock.setTimer(note('late'), 30.5)
  clock.setTimer(note('early'), 10)
  clock.setTimer(note('early, set later'), 10)
  await clock.advance(100)
  expect(fired).toEqual([
    ['early', 1010, 10],
    ['early, set later', 1010, 10],
    ['late', 1030.5, 30.5],
  ])
  expect(clock.now()).toBe(1100)
})

test('leaves timers alone that are not due, and fires those that are due to the millisecond', async () => {
  const clock = new VirtualClock()
  let fired = 0
  clock.setTimer(() => fired++, 10)
  await clock.advance(9.999)
  expect([fired, clock.pendingTimers]).toEqual([0, 1])
  await clock.advance(0.001)
  expect([fired, clock.pendingTimers]).toEqual([1, 0])
})

test('lets promises of any depth settle between two timers', async () => {
  const clock = new VirtualClock()
  const order: string[] = []
  clock.setTimer(() => {
    const chain = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await Promise.resolve()
      order.push('chain')
      clock.setTimer(() => order.push('timer of the chain'), 5)
    }
    void chain()
  }, 10)
  clock.setTimer(() => order.push('timer'), 20)
  await clock.advance(20)
  expect(order).toEqual(['chain', 'timer of the chain', 'timer'])
})

test('runs what was ready before the first timer', async () => {
  const clock = new VirtualClock()
  const order: string[] = []
  void Promise.resolve().then(() => order.push('promise'))
  clock.setTimer(() => order.push('timer'), 0)
  await clock.advance(0)
  expect(order).toEqual(['promise', 'timer'])
})

test('a cancelled timer does not fire, also when another one cancels it in the same instant', async () => {
  const clock = new VirtualClock()
  const fired: string[] = []
  const second = { cancel: (): void => {} }
  clock.setTimer(() => {
    fired.push('first')
    second.cancel()
  }, 10)
  Object.assign(
    second,
    clock.setTimer(() => fired.push('second'), 10),
  )
  await clock.advance(10)
  second.cancel()
  expect([fired, clock.pendingTimers]).toEqual([['first'], 0])
})

test('a step moves the wall clock only', async () => {
  const clock = new VirtualClock({ startMs: 1000 })
  let firedAt = 0
  clock.setTimer(() => {
    firedAt = clock.monotonic()
  }, 10)
  clock.step(-500)
  expect([clock.now(), clock.monotonic()]).toEqual([500, 0])
  await clock.advance(10)
  expect(firedAt).toBe(10)
})

test('calls of advance that overlap add up', async () => {
  const clock = new VirtualClock()
  const seen: number[] = []
  clock.setTimer(() => seen.push(clock.now()), 15)
  await Promise.all([clock.advance(10), clock.advance(10)])
  expect([clock.now(), seen]).toEqual([20, [15]])
})

test('advance rejects with what a timer throws; time stands there and the rest stays set', async () => {
  const clock = new VirtualClock()
  clock.setTimer(() => {
    throw new Error('broken')
  }, 10)
  clock.setTimer(() => {}, 20)
  await expect(clock.advance(30)).rejects.toThrow('broken')
  expect([clock.now(), clock.pendingTimers]).toEqual([10, 1])
  await clock.advance(10)
  expect(clock.pendingTimers).toBe(0)
})

test('keeps its order with many timers', async () => {
  const clock = new VirtualClock()
  const due: number[] = []
  const timers = Array.from({ length: 1000 }, (_, i) => {
    const delayMs = (i * 7919) % 1009
    return clock.setTimer(() => due.push(delayMs), delayMs)
  })
  for (const timer of timers.filter((_, i) => i % 3 === 0)) timer.cancel()
  expect(clock.pendingTimers).toBe(666)
  await clock.advance(1009)
  expect(due).toHaveLength(666)
  expect(due).toEqual(due.toSorted((a, b) => a - b))
})

test('refuses times that are none', () => {
  const clock = new VirtualClock()
  expect(() => clock.setTimer(() => {}, Number.NaN)).toThrow(/delayMs/)
  expect(() => clock.setTimer(() => {}, Number.POSITIVE_INFINITY)).toThrow(RangeError)
  expect(() => clock.advance(-1)).toThrow(RangeError)
  expect(() => clock.step(Number.NaN)).toThrow(RangeError)
  expect(() => new VirtualClock({ startMs: Number.NaN })).toThrow(/startMs/)
})

test('goes to the next timer and no further', async () => {
  const clock = new VirtualClock({ startMs: 1000 })
  const fired: number[] = []
  clock.setTimer(() => fired.push(clock.now()), 10)
  clock.setTimer(() => fired.push(clock.now()), 10)
  clock.setTimer(() => fired.push(clock.now()), 30).cancel()
  expect(await clock.advanceToNext()).toBe(true)
  expect(fired).toEqual([1010])
  expect(await clock.advanceToNext()).toBe(true)
  expect(await clock.advanceToNext()).toBe(false)
  expect([fired, clock.now()]).toEqual([[1010, 1010], 1010])
})

test('rejects with what the next timer throws, and goes on afterwards', async () => {
  const clock = new VirtualClock()
  clock.setTimer(() => {
    throw new Error('from the timer')
  }, 1)
  clock.setTimer(() => {}, 2)
  await expect(clock.advanceToNext()).rejects.toThrow('from the timer')
  expect(await clock.advanceToNext()).toBe(true)
})

test('waits for its owner to settle before the first timer and after each', async () => {
  const order: string[] = []
  const clock = new VirtualClock({ settle: async () => void order.push('settle') })
  clock.setTimer(() => order.push('timer'), 1)
  await clock.advance(2)
  expect(order).toEqual(['settle', 'timer', 'settle'])
})
