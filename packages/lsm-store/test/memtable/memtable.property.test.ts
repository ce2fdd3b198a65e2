import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashRange } from '../../src/bytes/hash.ts'
import { Memtable } from '../../src/memtable/memtable.ts'
import { MemtableCursor } from '../../src/memtable/memtable-cursor.ts'
import { MemtableOrder } from '../../src/memtable/memtable-order.ts'
import { fill, key, naiveOrder } from './records.ts'

describe('the order of a memtable', () => {
  it('is the same however it grew', () => {
    fc.assert(
      fc.property(fc.array(fc.array(key, { maxLength: 40 }), { maxLength: 12 }), (parts) => {
        const memtable = new Memtable(1 << 16, 1)
        const order = new MemtableOrder(memtable)
        for (const part of parts) {
          fill(memtable, part)
          order.runs()
        }
        const keys = parts.flat()
        const rank = new Map(naiveOrder(keys).map((id, position) => [id, position]))
        const runs = order.runs()
        expect(runs.reduce((sum, run) => sum + run.length, 0)).toBe(keys.length)
        for (const run of runs) {
          const positions = [...run].map((id) => rank.get(id) as number)
          expect(positions).toEqual(positions.toSorted((a, b) => a - b))
        }
      }),
    )
  })
})

describe('a range of a memtable of many that are not sorted', () => {
  it('is seen whole, however often it is asked for and whatever comes meanwhile', () => {
    const memtable = new Memtable(1 << 22, 1)
    const order = new MemtableOrder(memtable)
    const name = (n: number): Uint8Array => Buffer.from(`${n % 100 === 0 ? 'few' : 'many'}:${n}`)
    const bounds = { from: Buffer.from('few:'), to: Buffer.from('few;') }
    const within = (runs: readonly Int32Array[]): string[] => {
      const found: string[] = []
      for (const run of runs) {
        const cursor = new MemtableCursor(memtable, run)
        for (cursor.seek(bounds.from, 4); cursor.valid; cursor.next()) {
          const key = Buffer.from(memtable.arena.slice(cursor.keyStart, cursor.keyEnd)).toString()
          if (!key.startsWith('few:')) break
          found.push(key)
        }
        expect(found.length).toBe(new Set(found).size)
      }
      return found.sort()
    }
    let count = 0
    for (let round = 0; round < 12; round++) {
      const more = Array.from({ length: round === 0 ? 40_000 : 500 }, (_, i) => name(count + i))
      count += more.length
      fill(memtable, more)
      const expected = Array.from({ length: count }, (_, n) => n).filter((n) => n % 100 === 0)
      expect(within(order.runs(bounds))).toEqual(expected.map((n) => `few:${n}`).sort())
      if (round === 3) expect(order.runs({ from: undefined, to: undefined })[0]).toHaveLength(count)
    }
    const all = order.runs({ from: Buffer.from('a'), to: Buffer.from('z') })
    expect(all.reduce((sum, run) => sum + run.length, 0)).toBe(count)
  })
})

describe('finding in a memtable', () => {
  it('gives the newest version that is not newer than asked for', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 100 }), fc.nat(), (keys, pick) => {
        const firstSequence = 1000
        const memtable = new Memtable(1 << 16, firstSequence)
        fill(memtable, keys)
        const sequence = firstSequence - 5 + (pick % (keys.length + 10))
        for (const each of keys) {
          const hash = hashRange(each, 0, each.length)
          const expected = keys.findLastIndex(
            (other, i) => firstSequence + i <= sequence && Buffer.compare(other, each) === 0,
          )
          expect(memtable.find(each, each.length, hash, sequence)).toBe(expected)
        }
        const absent = Uint8Array.of(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7)
        expect(memtable.find(absent, 14, hashRange(absent, 0, 14), 1e9)).toBe(-1)
      }),
    )
  })

  it('takes in what came since the last look, and loses what it forgot', () => {
    fc.assert(
      fc.property(fc.array(fc.array(key, { maxLength: 40 }), { maxLength: 6 }), (parts) => {
        const memtable = new Memtable(1 << 16, 1)
        const known: Uint8Array[] = []
        const check = (): void => {
          for (const each of parts.flat()) {
            const same = (other: Uint8Array): boolean => Buffer.compare(other, each) === 0
            const newest = known.findLastIndex(same)
            const hash = hashRange(each, 0, each.length)
            expect(memtable.find(each, each.length, hash, 1e9)).toBe(newest)
            if (newest === -1) continue
            expect(memtable.olderThan(newest)).toBe(known.slice(0, newest).findLastIndex(same))
          }
        }
        for (const [i, part] of parts.entries()) {
          const before = { count: memtable.count, used: memtable.used }
          fill(memtable, part)
          if (i % 3 === 2) memtable.forget(before.count, before.used)
          else known.push(...part)
          if (i % 2 === 0) check()
        }
        check()
      }),
    )
  })
})
