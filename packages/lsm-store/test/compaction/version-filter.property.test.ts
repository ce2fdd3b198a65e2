import fc from 'fast-check'
import { expect, it } from 'vitest'
import { VersionFilter } from '../../src/compaction/version-filter.ts'
import { StandingCursor } from '../../src/iterator/standing-cursor.ts'
import { KIND_DELETE, KIND_PUT } from '../../src/memtable/record.ts'
import { RangeDeletes } from '../../src/range-delete/range-deletes.ts'

class OneEntry extends StandingCursor {
  constructor(key: number, sequence: number, deleted: boolean) {
    super()
    this.key = Uint8Array.of(key)
    this.keyEnd = 1
    this.sequence = sequence
    this.kind = deleted ? KIND_DELETE : KIND_PUT
  }
}

const versions = fc
  .uniqueArray(
    fc.record({
      key: fc.nat({ max: 4 }),
      sequence: fc.integer({ min: 1, max: 60 }),
      deleted: fc.boolean(),
    }),
    { selector: ({ sequence }) => sequence, maxLength: 40 },
  )
  .map((list) => list.sort((a, b) => a.key - b.key || b.sequence - a.sequence))
const snapshots = fc
  .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 4 })
  .map((list) => list.sort((a, b) => a - b))

const erased = fc
  .uniqueArray(
    fc.record({
      from: fc.nat({ max: 4 }),
      length: fc.integer({ min: 1, max: 3 }),
      sequence: fc.integer({ min: 61, max: 90 }),
    }),
    { selector: ({ sequence }) => sequence, maxLength: 3 },
  )
  .map((list) => list.sort((a, b) => a.sequence - b.sequence))

it('range deletes hide from every reader what they should, and only that', () => {
  // Sequences of entries are doubled, so that deletes stand between them.
  fc.assert(
    fc.property(versions, snapshots, erased, (list, open, ranges) => {
      const deletes = ranges.map((range) => ({ ...range, sequence: (range.sequence - 60) * 4 + 1 }))
      const entries = list.map((v) => ({ ...v, sequence: v.sequence * 2 }))
      const readers = open.map((sequence) => sequence * 2)
      const set = RangeDeletes.of(
        deletes.map(({ from, length, sequence }) => ({
          from: Uint8Array.of(from),
          to: Uint8Array.of(from + length),
          sequence,
        })),
      )
      const filter = new VersionFilter(readers, false, set)
      const kept = entries.filter((v) => filter.keeps(new OneEntry(v.key, v.sequence, v.deleted)))
      for (const reader of [...readers, Number.POSITIVE_INFINITY]) {
        for (let key = 0; key <= 4; key++) {
          const over = set.newest(Uint8Array.of(key), 0, 1, reader)
          const seen = (from: typeof entries): number | undefined => {
            const found = from.find((v) => v.key === key && v.sequence <= reader)
            return found === undefined || found.deleted || found.sequence < over
              ? undefined
              : found.sequence
          }
          expect(seen(kept)).toBe(seen(entries))
        }
      }
      // With no snapshot open nothing that is covered stays.
      if (readers.length > 0) return
      for (const { key, sequence } of kept) {
        expect(set.newest(Uint8Array.of(key), 0, 1, Number.POSITIVE_INFINITY)).toBeLessThan(
          sequence,
        )
      }
    }),
    { numRuns: 500 },
  )
})

it('every reader sees after compaction what it saw before, and nothing is kept for nobody', () => {
  fc.assert(
    fc.property(versions, snapshots, fc.boolean(), (list, open, lowest) => {
      const filter = new VersionFilter(open, lowest)
      const kept = list.filter((v) => filter.keeps(new OneEntry(v.key, v.sequence, v.deleted)))
      for (const reader of [...open, Number.POSITIVE_INFINITY]) {
        for (let key = 0; key <= 4; key++) {
          const seen = (from: typeof list): number | undefined => {
            const found = from.find((v) => v.key === key && v.sequence <= reader)
            return found === undefined || found.deleted ? undefined : found.sequence
          }
          expect(seen(kept)).toBe(seen(list))
        }
      }
      for (let key = 0; key <= 4; key++) {
        expect(kept.filter((v) => v.key === key).length).toBeLessThanOrEqual(open.length + 1)
      }
      // Where nothing lies below, a delete that all see is of no use.
      if (lowest && open.length === 0) expect(kept.some((v) => v.deleted)).toBe(false)
    }),
    { numRuns: 500 },
  )
})
