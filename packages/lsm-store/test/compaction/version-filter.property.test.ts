import fc from 'fast-check'
import { expect, it } from 'vitest'
import { VersionFilter } from '../../src/compaction/version-filter.ts'
import { Cursor } from '../../src/iterator/cursor.ts'
import { KIND_DELETE, KIND_PUT } from '../../src/memtable/record.ts'

class OneEntry extends Cursor {
  constructor(key: number, sequence: number, deleted: boolean) {
    super()
    this.key = Uint8Array.of(key)
    this.keyEnd = 1
    this.sequence = sequence
    this.kind = deleted ? KIND_DELETE : KIND_PUT
  }

  override first(): void {}
  override last(): void {}
  override seek(): void {}
  override seekBefore(): void {}
  override next(): void {}
  override previous(): void {}
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
