import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rangeFromJson, rangeToJson } from '../../src/range-delete/range-delete.ts'
import { RangeDeletes } from '../../src/range-delete/range-deletes.ts'

interface Spec {
  readonly from: number
  readonly to: number | undefined
}

const KEYS = Array.from({ length: 24 }, (_, i) => i)
const keyOf = (n: number): Uint8Array => Uint8Array.of(n >> 2, n & 3)
const spec: fc.Arbitrary<Spec> = fc
  .record({
    from: fc.integer({ min: 0, max: 20 }),
    length: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined, freq: 8 }),
  })
  .map(({ from, length }) => ({ from, to: length === undefined ? undefined : from + length }))
const specs = fc.array(spec, { minLength: 1, maxLength: 14 })

const toRange = ({ from, to }: Spec, i: number) => ({
  from: keyOf(from),
  to: to === undefined ? undefined : keyOf(to),
  sequence: 10 + 2 * i,
})
const covers = ({ from, to }: Spec, key: number): boolean =>
  key >= from && (to === undefined || key < to)

describe('range deletes', () => {
  it('give the newest and the oldest delete of a key, added one by one or all at once', () => {
    fc.assert(
      fc.property(specs, fc.integer({ min: 8, max: 44 }), (list, sequence) => {
        const one = new RangeDeletes()
        for (const [i, each] of list.entries()) one.add(toRange(each, i))
        const all = RangeDeletes.of(list.map(toRange).toReversed())
        for (const key of KEYS) {
          const bytes = keyOf(key)
          const hits = list.flatMap((each, i) => (covers(each, key) ? [10 + 2 * i] : []))
          const newest = Math.max(0, ...hits.filter((hit) => hit <= sequence))
          const after = hits.filter((hit) => hit > sequence)
          for (const set of [one, all]) {
            expect(set.newest(bytes, 0, 2, sequence)).toBe(newest)
            expect(set.oldestAfter(bytes, 0, 2, sequence)).toBe(after[0] ?? 0)
          }
        }
      }),
    )
  })

  it('know when they cover everything between two keys', () => {
    fc.assert(
      fc.property(
        specs,
        fc.nat({ max: 23 }),
        fc.nat({ max: 5 }),
        fc.nat({ max: 40 }),
        (...given) => {
          const [list, smallest, width, after] = given
          const set = RangeDeletes.of(list.map(toRange))
          const largest = Math.min(23, smallest + width)
          const expected = KEYS.filter((key) => key >= smallest && key <= largest).every((key) =>
            list.some((each, i) => 10 + 2 * i > after && 10 + 2 * i <= 30 && covers(each, key)),
          )
          const found = set.coverAll(keyOf(smallest), keyOf(largest), after, 30)
          // Keys between those of the model may be uncovered: then it must say no.
          if (found) expect(expected).toBe(true)
          if (!found && smallest === largest) expect(expected).toBe(false)
        },
      ),
    )
  })

  it('condensed hide the same older entries from every reader', () => {
    const open = fc
      .uniqueArray(fc.integer({ min: 8, max: 40 }), { maxLength: 3 })
      .map((list) => list.sort((a, b) => a - b))
    fc.assert(
      fc.property(specs, open, (list, snapshots) => {
        const set = RangeDeletes.of(list.map(toRange))
        const few = RangeDeletes.of(set.condensed(snapshots))
        for (const reader of [...snapshots, 1000]) {
          for (const key of KEYS) {
            const erased = (from: RangeDeletes): boolean =>
              from.newest(keyOf(key), 0, 2, reader) > 0
            expect(erased(few)).toBe(erased(set))
          }
        }
        // Those of one stripe have one sequence, and overlap neither each other nor themselves.
        expect(new Set(few.all.map(({ sequence }) => sequence)).size).toBeLessThanOrEqual(
          snapshots.length + 1,
        )
        expect(few.size).toBeLessThanOrEqual(list.length * (snapshots.length + 1))
        // The manifest keeps them.
        expect(few.all.map((range) => rangeFromJson(rangeToJson(range)))).toEqual(few.all)
      }),
    )
  })

  it('from a manifest are read with care', () => {
    const good = { from: '00', to: '01ff', sequence: 3 }
    expect(rangeFromJson(good)).toMatchObject({ sequence: 3 })
    for (const bad of [
      null,
      'x',
      { ...good, from: 'zz' },
      { ...good, from: undefined },
      { ...good, to: 7 },
      { ...good, sequence: -1 },
      { ...good, sequence: '3' },
    ]) {
      expect(rangeFromJson(bad)).toBeUndefined()
    }
  })
})
