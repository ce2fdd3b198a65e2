import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IdMap } from '../../src/values/stream/id-map.ts'
import { idAfter, idBefore, MAX_ID, MIN_ID, makeId } from '../../src/values/stream/stream-id.ts'

const idOf = (n: number): string => makeId(1_700_000_000_000 + (n >> 4), n & 15)

test('a map by stream IDs does what a sorted list does, over many blocks', () => {
  const step = fc.tuple(
    fc.constantFrom('append', 'append', 'insert', 'delete', 'shift'),
    fc.nat({ max: 999 }),
    fc.integer({ min: 1, max: 150 }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const map = new IdMap<number>()
      const model = new Map<number, number>()
      const sorted = (): number[] => [...model.keys()].sort((a, b) => a - b)
      let last = 0
      for (const [what, at, times] of steps) {
        for (let n = 0; n < times; n += 1) {
          const number = what === 'append' ? last + 2 : at * 2 + n * 7
          if (what === 'append' || what === 'insert') {
            map.set(idOf(number), number)
            model.set(number, number)
            if (number > last) last = number
          } else if (what === 'delete') {
            expect(map.delete(idOf(number))).toBe(model.delete(number))
          } else {
            const first = map.firstId
            const gone = map.shift()
            if (gone === undefined) expect(model.size).toBe(0)
            else {
              expect(first).toBe(idOf(gone))
              model.delete(gone)
            }
          }
        }
        expect(map.size).toBe(model.size)
        expect(map.get(idOf(at))).toBe(model.get(at))
      }
      const numbers = sorted()
      expect([...map.ascend(MIN_ID, MAX_ID)].map(([, n]) => n)).toEqual(numbers)
      expect([...map.descend(MAX_ID, MIN_ID)].map(([, n]) => n)).toEqual(numbers.toReversed())
      for (const number of numbers) expect(map.get(idOf(number))).toBe(number)
    }),
    { numRuns: 60 },
  )
})

test('IDs stand in order, with neighbours, up to the last there is', () => {
  const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  fc.assert(
    fc.property(word, word, word, (ms, seq, other) => {
      const id = makeId(ms, seq)
      expect(id).toHaveLength(16)
      expect(makeId(Number(ms >> 12n), Number(seq >> 12n))).toBe(makeId(ms >> 12n, seq >> 12n))
      expect(id < makeId(ms, other)).toBe(seq < other)
      const after = idAfter(id)
      if (after !== undefined) {
        expect(after > id).toBe(true)
        expect(idBefore(after)).toBe(id)
      }
    }),
  )
  expect(idAfter(MAX_ID)).toBeUndefined()
  expect(idBefore(MIN_ID)).toBeUndefined()
  expect(idAfter(makeId(7, Number.MAX_SAFE_INTEGER))).toBe(makeId(7n, 2n ** 53n))
  expect(idAfter(makeId(7n, 2n ** 64n - 1n))).toBe(makeId(8, 0))
})
