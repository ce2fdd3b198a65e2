import { seededRandom } from '@ashlar/codec'
import { describe, expect, test } from 'vitest'
import { StoredExpiries, Swept } from '../../src/keyspace/stored-expiries.ts'
import { NO_EXPIRY } from '../../src/keyspace/value.ts'

/** What the store alone has: places and when they expire. */
type Stored = Map<string, number>

/** Sweeps everything that is due, `slice` records at a time; answers how many were read, and what went. */
function sweepAll(expiries: StoredExpiries, stored: Stored, now: number, slice: number) {
  let read = 0
  let pieces = 0
  for (let range = expiries.firstDue(now); range !== undefined; range = expiries.firstDue(now)) {
    const { start, end } = range
    const places = [...stored.keys()]
      .filter((place) => place >= start && (end === undefined || place < end))
      .sort()
    const found = new Swept()
    const part = places.slice(0, slice)
    for (const place of part) {
      const expiry = stored.get(place) as number
      if (expiry < now) {
        found.removed += 1
        stored.delete(place)
        expiries.cameBack(place)
      } else found.add(expiry)
    }
    read += part.length
    pieces += 1
    expiries.swept(range, found, part.length < places.length ? part.at(-1) : undefined, now)
  }
  return { read, pieces }
}

describe('what expires in the store alone', () => {
  test('is found in bounded time, whatever comes and goes; the rest is not read', () => {
    const random = seededRandom('stored expiries')
    const below = (limit: number): number => Math.floor(random.next() * limit)
    const expiries = new StoredExpiries()
    const stored: Stored = new Map()
    let now = 0
    for (let step = 0; step < 6000; step += 1) {
      const place = `k${below(3000)}`
      if (stored.delete(place)) expiries.cameBack(place)
      if (below(4) > 0) {
        const expiry = now + below(200_000)
        stored.set(place, expiry)
        expiries.left(place, expiry, NO_EXPIRY)
      }
      expect(expiries.count).toBe(stored.size)
      if (step % 50 > 0) continue
      now += 1000
      sweepAll(expiries, stored, now, 1 + below(200))
      const overdue = [...stored.values()].filter((expiry) => expiry + 1000 < now)
      expect(overdue).toEqual([])
    }
    now += 1_000_000
    sweepAll(expiries, stored, now, 100)
    expect([stored.size, expiries.count, expiries.next]).toEqual([0, 0, Number.POSITIVE_INFINITY])
  })

  test('is read in its own range, not in the others', () => {
    const expiries = new StoredExpiries()
    const stored: Stored = new Map()
    const place = (n: number): string => `k${String(n).padStart(6, '0')}`
    for (let n = 0; n < 20_000; n += 1) stored.set(place(n), n === 12_345 ? 100 : 1e9)
    for (const [key, expiry] of stored) expiries.left(key, expiry, NO_EXPIRY)
    // one range until it is swept for the first time: all is read once
    expect(sweepAll(expiries, stored, 200_000, 1000).read).toBe(20_000)
    expect(expiries.count).toBe(19_999)
    expect(expiries.ranges).toBeGreaterThan(4)
    expect(expiries.ranges).toBeLessThan(11)
    stored.set(place(777), 300_000)
    expiries.left(place(777), 300_000, NO_EXPIRY)
    expect(sweepAll(expiries, stored, 299_999, 1000).read).toBe(0)
    const { read } = sweepAll(expiries, stored, 400_000, 1000)
    expect(stored.has(place(777))).toBe(false)
    expect(read).toBeLessThanOrEqual(4096)
  })

  test('small ranges become one again when their keys are gone', () => {
    const expiries = new StoredExpiries()
    const stored: Stored = new Map()
    for (let n = 0; n < 20_000; n += 1) stored.set(`k${n}`, n < 100 ? 5 : 1_000_000 + n)
    for (const [key, expiry] of stored) expiries.left(key, expiry, NO_EXPIRY)
    sweepAll(expiries, stored, 100_000, 1000)
    expect(expiries.ranges).toBeGreaterThan(4)
    sweepAll(expiries, stored, 2_000_000, 1000)
    expect([stored.size, expiries.ranges]).toEqual([0, 1])
  })

  test('waits until an eighth of the times of its range has gone by, longer where there is more', () => {
    const soon = new StoredExpiries()
    soon.left('a', 1000, NO_EXPIRY)
    expect(soon.next).toBe(1000)
    soon.left('b', 9000, NO_EXPIRY)
    expect(soon.firstDue(2000)).toBe(undefined)
    expect(soon.firstDue(2001)).toEqual({ at: 0, start: '', end: undefined })
    const late = new StoredExpiries()
    late.left('b', 1e9, NO_EXPIRY)
    late.left('a', 1000, NO_EXPIRY)
    expect(late.firstDue(2000)).toBe(undefined)
    expect(late.firstDue(2001)).toBeDefined()
    const stored: Stored = new Map()
    for (let n = 0; n < 60_000; n += 1) {
      const place = `k${n}`
      stored.set(place, 2000 + n * 1000)
      late.left(place, 2000 + n * 1000, NO_EXPIRY)
    }
    sweepAll(late, stored, 33_000, 4000)
    expect([...stored.values()].reduce((least, time) => Math.min(least, time))).toBe(33_000)
    expect(late.ranges).toBeGreaterThan(12)
    expect(late.next).toBe(33_000 + late.ranges * 100)
    // a field of a hash counts as the hash would, but not as a key that expires
    const field = new StoredExpiries()
    field.left('h', NO_EXPIRY, 50)
    expect([field.next, field.count]).toEqual([50, 0])
  })
})
