import { seededRandom } from '@ashlar/codec'
import { expect, test } from 'vitest'
import { ExpiryQueue } from '../../src/keyspace/expiry-queue.ts'

test('live entries come out in order, stale ones go before they are many', () => {
  const random = seededRandom('expiry queue')
  const below = (limit: number): number => Math.floor(random.next() * limit)
  const queue = new ExpiryQueue()
  const times = new Map<string, number>()
  const isLive = (time: number, key: string): boolean => times.get(key) === time
  let most = 0
  let now = 0
  for (let step = 0; step < 30_000; step += 1) {
    const key = `key:${below(500)}`
    if (below(3) === 0) times.delete(key)
    else {
      const time = now + 1 + below(50_000)
      times.set(key, time)
      queue.push(time, key)
    }
    queue.tidy(times.size, isLive)
    most = Math.max(most, queue.size)
    if (step % 10 > 0) continue
    now += 20
    while (queue.next <= now) times.delete(checkedPop(queue, times, now))
    expect([...times.values()].filter((time) => time <= now)).toEqual([])
  }
  expect(most).toBeGreaterThan(1500)
  expect(most).toBeLessThan(3500)
  while (queue.size > 0) {
    const next = queue.next
    const found = Array.from({ length: queue.size }, (_, at) => queue.entryAt(at).time)
    expect(next).toBe(Math.min(...found))
    for (let count = 0; count < 100; count += 1) {
      const before = queue.next
      const key = queue.pop()
      if (key === undefined) break
      expect(queue.next).toBeGreaterThanOrEqual(before)
      if (times.get(key) === before) times.delete(key)
    }
  }
  expect(times.size).toBe(0)
})

/** The next key, or '' when its entry is stale. */
function checkedPop(queue: ExpiryQueue, times: Map<string, number>, now: number): string {
  const time = queue.next
  expect(time).toBeLessThanOrEqual(now)
  const key = queue.pop() as string
  return times.get(key) === time ? key : ''
}
