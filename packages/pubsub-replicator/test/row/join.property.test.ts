import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinRows } from '../../src/row/join.ts'
import type { Row } from '../../src/row/row.ts'
import { encodeWireRow } from '../../src/row/row-bytes.ts'
import { history } from './rows.ts'

// Goal: joining is the least upper bound of a semilattice. Method: versions of three writers, in
// every grouping and order, compared by what is stored (without `previous`, which is for reports).

const versions = fc.tuple(history('x'), history('y'), history('z'))
const join = (a: Row, b: Row): Row => joinRows(a, b).row
const bytes = (row: Row): string =>
  Buffer.from(encodeWireRow({ ...row, previous: 0n })).toString('hex')

test('join is commutative', () => {
  fc.assert(
    fc.property(versions, ([xs, ys]) => {
      for (const x of xs) for (const y of ys) expect(bytes(join(x, y))).toBe(bytes(join(y, x)))
    }),
  )
})

test('join is associative', () => {
  fc.assert(
    fc.property(versions, ([xs, ys, zs]) => {
      const [x, y, z] = [xs.at(-1)!, ys.at(-1)!, zs.at(-1)!]
      expect(bytes(join(join(x, y), z))).toBe(bytes(join(x, join(y, z))))
    }),
  )
})

test('join is idempotent, and says so', () => {
  fc.assert(
    fc.property(versions, ([xs, ys]) => {
      const both = join(xs.at(-1)!, ys.at(-1)!)
      for (const part of [...xs.slice(-1), ...ys.slice(-1), both]) {
        const again = joinRows(both, part)
        expect(again.changed).toBe(false)
        expect(bytes(again.row)).toBe(bytes(both))
      }
    }),
  )
})

test('joining says that it changed exactly when it did', () => {
  fc.assert(
    fc.property(versions, ([xs, ys]) => {
      for (const x of xs) {
        for (const y of ys) {
          const { row, changed } = joinRows(x, y)
          expect(changed).toBe(bytes(row) !== bytes(x))
        }
      }
    }),
  )
})

test('a later version of one writer takes the place of an earlier one', () => {
  fc.assert(
    fc.property(history('x'), (rows) => {
      const last = rows.at(-1)!
      for (const row of rows) expect(bytes(join(row, last))).toBe(bytes(last))
    }),
  )
})

test('versions in any order end as the same row', () => {
  const shuffled = versions.chain(([xs, ys, zs]) => {
    const all = [...xs, ...ys, ...zs]
    return fc.tuple(
      fc.constant(all),
      fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
    )
  })
  fc.assert(
    fc.property(shuffled, ([one, other]) => {
      expect(bytes(one.reduce(join))).toBe(bytes(other.reduce(join)))
    }),
  )
})
