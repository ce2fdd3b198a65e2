import { seededRandom, systemRandom } from '@ashlar/codec'
import { expect, test } from 'vitest'

// Recorded when the generator was written: a change would change every seeded simulation.
const FIRST_OF_42: readonly number[] = [0.3996623706146504, 0.1051503837001796]
const BYTES_OF_42 = Uint8Array.of(235, 69, 80, 102, 109, 74)

const sources = { systemRandom, seededRandom: seededRandom('test') }

test.each(Object.entries(sources))('%s is uniform in [0, 1)', (_, random) => {
  const buckets = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 10_000; i++) {
    const value = random.next()
    expect(value >= 0 && value < 1).toBe(true)
    const bucket = Math.floor(value * 10)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  // 1000 expected, standard deviation 30.
  for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(200)
})

test.each(Object.entries(sources))('%s gives as many bytes as asked for', (_, random) => {
  for (const length of [0, 1, 3, 4, 5, 1000]) expect(random.bytes(length)).toHaveLength(length)
  expect(new Set(random.bytes(10_000)).size).toBe(256)
})

test('a seed repeats its sequence, and this one for ever', () => {
  const random = seededRandom(42)
  expect([random.next(), random.next()]).toEqual(FIRST_OF_42)
  expect(seededRandom(42).bytes(6)).toEqual(BYTES_OF_42)
})

test('close seeds and seeds of different type share nothing', () => {
  const firsts = [1, 2, '1', '2', 'a', 'b', '', -1, 1.5].map((seed) => seededRandom(seed).next())
  expect(new Set(firsts).size).toBe(firsts.length)
})
