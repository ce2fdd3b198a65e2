// What is in use follows from tables alone.
import { describe, expect, it } from 'vitest'
import type { WithValues } from '../../src/value-files/value-ref.ts'
import { ValueUsage } from '../../src/value-files/value-usage.ts'

const HEADER = 16
/** A table that points to so many bytes of files of 1000 bytes. */
const table = (number: number, pointed: Readonly<Record<number, number>>): WithValues => ({
  number,
  values: Object.entries(pointed).map(([file, bytes]) => ({
    file: Number(file),
    size: HEADER + 1000,
    entries: 1,
    bytes,
  })),
})

describe('the usage of value files', () => {
  it('is the sum of what tables say, and a file is unused with its last table', () => {
    const usage = new ValueUsage()
    const first = table(1, { 1: 1000 })
    const second = table(2, { 1: 300, 2: 1000 })
    const third = table(3, { 1: 400 })
    expect(usage.change([first], [])).toEqual([])
    expect(usage.garbageBytes).toBe(0)
    expect(usage.change([second, third], [first])).toEqual([])
    expect([usage.count, usage.bytes, usage.garbageBytes]).toEqual([2, 2 * 1016, 300])
    expect(usage.change([], [second])).toEqual([2])
    expect(usage.change([table(4, { 1: 400 })], [third])).toEqual([])
    expect(usage.change([], [table(4, { 1: 400 })])).toEqual([1])
    expect([usage.count, usage.bytes, usage.garbageBytes]).toEqual([0, 0, 0])
  })

  it('does not change when a table only moves', () => {
    const usage = new ValueUsage()
    const one = table(1, { 1: 700 })
    usage.change([one], [])
    expect(usage.change([one], [one])).toEqual([])
    expect(usage.garbageBytes).toBe(300)
  })

  it('names the most wasteful files first, up to so many bytes and one at least', () => {
    const usage = new ValueUsage()
    usage.change([table(9, { 1: 400, 2: 900, 3: 100, 4: 300 })], [])
    expect([...usage.wasted(10_000)]).toEqual([3, 4, 1])
    expect([...usage.wasted(500)]).toEqual([3, 4])
    expect([...usage.wasted(1)]).toEqual([3])
    expect([...usage.movable(10_000, 0)]).toEqual([3, 4, 1])
    expect([...usage.movable(10_000, 5000)]).toEqual([3, 4, 1, 2])
    expect(usage.isMostlyGarbage).toBe(false)
    const half = table(11, { 1: 200, 2: 450, 3: 100 })
    expect(usage.wasteOf(half, new Set([1, 3]))).toBe(600 / 2 + 900)
    expect(usage.wasteOf(half, new Set())).toBe(0)
    usage.change(
      [table(10, { 1: 10, 2: 10, 3: 10, 4: 10 })],
      [table(9, { 1: 400, 2: 900, 3: 100, 4: 300 })],
    )
    expect(usage.isMostlyGarbage).toBe(true)
  })
})
