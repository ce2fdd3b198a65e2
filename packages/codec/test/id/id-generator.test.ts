import { createIdGenerator, type Random, VirtualClock } from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const FORM = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

function constantRandom(byte: number): Random {
  return { next: () => 0.5, bytes: (length) => new Uint8Array(length).fill(byte) }
}

test('ids have 26 characters of the Crockford alphabet', () => {
  const nextId = createIdGenerator()
  for (let i = 0; i < 1000; i++) expect(nextId()).toMatch(FORM)
})

test('an id starts with its time, as the ULID specification writes it', () => {
  const clock = new VirtualClock({ startMs: 1_469_922_850_259 })
  const id = createIdGenerator({ clock, random: constantRandom(0) })()
  expect(id).toBe('01ARZ3NDEK0000000000000000') // as its example does
})

test('80 bits come from the source of randomness', () => {
  const clock = new VirtualClock()
  expect(createIdGenerator({ clock, random: constantRandom(0xff) })()).toBe(
    '0000000000ZZZZZZZZZZZZZZZZ',
  )
  const seen = new Set<string>()
  for (let bit = 0; bit < 96; bit++) {
    const bytes = new Uint8Array(12)
    bytes[bit >> 3] = 1 << (bit & 7)
    seen.add(createIdGenerator({ clock, random: { next: () => 0, bytes: () => bytes } })())
  }
  expect(seen.size).toBe(81) // each of 80 bits makes a difference; 16 of the 96 are not used
})

test('when the random part is used up, the time goes on by a millisecond', () => {
  const nextId = createIdGenerator({ clock: new VirtualClock(), random: constantRandom(0xff) })
  expect([nextId(), nextId()]).toEqual(['0000000000ZZZZZZZZZZZZZZZZ', '0000000001ZZZZZZZZZZZZZZZZ'])
})

test('increasing, whatever the clock does', async () => {
  const move = fc.record({
    kind: fc.constantFrom('step', 'advance', 'none'),
    ms: fc.integer({ min: 0, max: 10_000 }),
    back: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 50 }), async (moves) => {
      const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
      const nextId = createIdGenerator({ clock })
      let last = nextId()
      for (const { kind, ms, back } of moves) {
        if (kind === 'step') clock.step(back ? -ms : ms)
        if (kind === 'advance') await clock.advance(ms)
        const id = nextId()
        expect(id > last).toBe(true)
        last = id
      }
    }),
    { numRuns: 50 },
  )
})

test('the same clock and randomness give the same ids', () => {
  const ids = (): string[] => {
    const nextId = createIdGenerator({ clock: new VirtualClock(), random: constantRandom(7) })
    return [nextId(), nextId(), nextId()]
  }
  expect(ids()).toEqual(ids())
})

test('refuses a clock that shows no time of an id', () => {
  for (const startMs of [-1, 2 ** 48, 1e300]) {
    const nextId = createIdGenerator({ clock: new VirtualClock({ startMs }) })
    expect(() => nextId()).toThrow(RangeError)
  }
})
