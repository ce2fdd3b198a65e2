import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchGlob } from '../../src/values/glob.ts'
import { IndexedMap } from '../../src/values/indexed-map.ts'
import { ListValue } from '../../src/values/list-value.ts'
import { addDecimals } from '../../src/values/long-double.ts'
import { addIntegers, formatDouble, parseDouble, parseInteger } from '../../src/values/numbers.ts'
import { SortedSetValue } from '../../src/values/sorted-set-value.ts'
import { TouchedElements } from '../../src/values/touched-elements.ts'

const items = (list: ListValue): string[] => list.slice(0, list.size)

/** Puts a collection together again from what it would store. */
function restored(list: ListValue, stored: Map<string, string>): ListValue {
  for (const element of list.touched?.elements() ?? []) {
    const value = list.encodeElement(element)
    const key = list.elementKey(element)
    if (value === undefined) stored.delete(key)
    else stored.set(key, value)
  }
  list.touched = undefined
  const copy = new ListValue()
  // latin1 strings compare as the store compares bytes
  for (const [key, value] of [...stored].sort(([a], [b]) => (a < b ? -1 : 1))) {
    copy.restoreElement(key, value)
  }
  return copy
}

describe('a list', () => {
  const operation = fc.oneof(
    fc.tuple(fc.constantFrom('pushHead', 'pushTail'), fc.nat(), fc.string({ maxLength: 3 })),
    fc.tuple(fc.constantFrom('popHead', 'popTail'), fc.nat(), fc.constant('')),
    fc.tuple(fc.constantFrom('insert', 'set', 'remove'), fc.nat(), fc.string({ maxLength: 3 })),
    fc.tuple(fc.constantFrom('removeFirst', 'removeLast'), fc.nat({ max: 3 }), fc.constant('')),
  )

  /** Takes up to `most` equal items out of an array; says how many. */
  function removeEqual(model: string[], item: string, most: number, reverse: boolean): number {
    for (let removed = 0; ; removed += 1) {
      const at = reverse ? model.lastIndexOf(item) : model.indexOf(item)
      if (at === -1 || removed === most) return removed
      model.splice(at, 1)
    }
  }

  test.each([false, true])('removes equal items across its blocks, from the end: %s', (reverse) => {
    const list = new ListValue()
    const model = Array.from({ length: 1000 }, (_, n) => `${n % 3}`)
    for (const item of model) list.pushTail(item)
    for (const most of [1, 200, 1000]) {
      expect(list.removeEqual('1', most, reverse)).toBe(removeEqual(model, '1', most, reverse))
      expect(items(list)).toEqual(model)
    }
    expect(list.removeEqual('1', 1, reverse)).toBe(0)
    for (const item of ['0', '2']) list.removeEqual(item, 1000, reverse)
    expect(list.size).toBe(0)
    list.pushHead('again')
    expect(items(list)).toEqual(['again'])
  })

  test('does what an array does, and its stored elements give the same list', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
        const list = new ListValue()
        list.observe({ elementsChanged: () => new TouchedElements() }, 0)
        const model: string[] = []
        const stored = new Map<string, string>()
        for (const [name, at, item] of operations) {
          const index = model.length === 0 ? 0 : at % model.length
          if (name === 'pushHead') {
            list.pushHead(item)
            model.unshift(item)
          } else if (name === 'pushTail') {
            list.pushTail(item)
            model.push(item)
          } else if (name === 'popHead') expect(list.popHead()).toBe(model.shift())
          else if (name === 'popTail') expect(list.popTail()).toBe(model.pop())
          else if (name === 'insert') {
            list.insert(index, item)
            model.splice(index, 0, item)
          } else if (model.length === 0) continue
          else if (name === 'removeFirst' || name === 'removeLast') {
            const wanted = model[index] as string
            const reverse = name === 'removeLast'
            const removed = removeEqual(model, wanted, at, reverse)
            expect(list.removeEqual(wanted, at, reverse)).toBe(removed)
          } else if (name === 'set') {
            list.set(index, item)
            model[index] = item
          } else {
            list.removeRange(index, 1 + (at % 5))
            model.splice(index, 1 + (at % 5))
          }
          if (at % 50 === 0) expect(items(restored(list, stored))).toEqual(model)
        }
        expect(items(list)).toEqual(model)
        expect(items(restored(list, stored))).toEqual(model)
        model.forEach((item, index) => {
          expect(list.get(index)).toBe(item)
        })
      }),
      { numRuns: 100 },
    )
  })

  test('of thousands of items keeps its order through inserts and removals in the middle', () => {
    const list = new ListValue()
    const model: string[] = []
    for (let n = 0; n < 3000; n += 1) {
      const at = (n * 7919) % (model.length + 1)
      list.insert(at, String(n))
      model.splice(at, 0, String(n))
    }
    for (let n = 0; n < 500; n += 1) {
      const at = (n * 104729) % model.length
      list.removeRange(at, 3)
      model.splice(at, 3)
    }
    expect(items(list)).toEqual(model)
    const backwards: string[] = []
    list.visit(list.size - 1, true, (item) => backwards.push(item) > 0)
    expect(backwards).toEqual([...model].reverse())
  })
})

test('a sorted set orders, ranks and ranges as a sorted array does', () => {
  const change = fc.tuple(
    fc.integer({ min: 0, max: 800 }),
    fc.integer({ min: -20, max: 20 }),
    fc.boolean(),
  )
  fc.assert(
    fc.property(fc.array(change, { maxLength: 2500, minLength: 800 }), (changes) => {
      const sorted = new SortedSetValue()
      const model = new Map<string, number>()
      for (const [name, score, removes] of changes) {
        const member = `m${name}`
        if (removes && name % 3 === 0) expect(sorted.delete(member)).toBe(model.delete(member))
        else {
          expect(sorted.set(member, score)).toBe(!model.has(member))
          model.set(member, score)
        }
      }
      const expected = [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
      const found: [string, number][] = []
      sorted.order.visit(0, sorted.size, false, (member, score) => found.push([member, score]))
      expect(found).toEqual(expected)
      expected.forEach(([member], rank) => {
        expect(sorted.rank(member)).toBe(rank)
      })
      const below = expected.filter(([, score]) => score < 3).length
      expect(sorted.order.countWhile((score) => score < 3)).toBe(below)
    }),
    { numRuns: 15 },
  )
})

test('a scan from the end sees everything that is there throughout, whatever else changes', () => {
  const change = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 2000 }))
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 300 }),
      fc.integer({ min: 1, max: 40 }),
      (changes, step) => {
        const map = new IndexedMap<number>()
        for (let n = 0; n < 600; n += 1) map.set(`k${n}`, n)
        const throughout = new Set(map.keys)
        const seen = new Set<string>()
        let cursor = map.size
        let next = 0
        while (cursor > 0) {
          const from = Math.min(cursor, map.size)
          cursor = Math.max(0, from - step)
          for (let at = from - 1; at >= cursor; at -= 1) seen.add(map.keys[at] as string)
          for (const [adds, n] of changes.slice(next, next + 5)) {
            const key = `k${n}`
            if (adds) map.set(key, n)
            else if (map.delete(key)) throughout.delete(key)
          }
          next += 5
        }
        for (const key of throughout) expect(seen.has(key)).toBe(true)
      },
    ),
    { numRuns: 100 },
  )
})

describe('numbers', () => {
  test('doubles print so that they read back the same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseDouble(formatDouble(value))).toBe(value)
      }),
    )
  })

  test.each([
    [0.1, '0.1'],
    [3, '3'],
    [-0, '-0'],
    [1e17, '100000000000000000'],
    [2 ** 60, '1152921504606846976'],
    [1e21, '1e+21'],
    [1.5e300, '1.5e+300'],
    [1e-7, '1e-7'],
    [0.00001, '0.00001'],
    [Number.POSITIVE_INFINITY, 'inf'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [1234.5678, '1234.5678'],
  ])('%d prints as %s', (value, text) => {
    expect(formatDouble(value)).toBe(text)
  })

  test('integers parse in canonical form only, exactly, within 64 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(BigInt(parseInteger(String(value)) as number | bigint)).toBe(value)
      }),
    )
    for (const text of [
      '',
      '-',
      '+1',
      '01',
      '-0',
      ' 1',
      '1 ',
      '1.0',
      '9223372036854775808',
      '1e3',
    ]) {
      expect(parseInteger(text)).toBeUndefined()
    }
    for (const text of [
      '9007199254740991',
      '9007199254740993',
      '9999999999999999',
      '0000000000000012',
    ]) {
      expect(parseDouble(text)).toBe(Number(text))
    }
    expect(addIntegers(2n ** 63n - 1n, 1)).toBeUndefined()
    expect(addIntegers(Number.MAX_SAFE_INTEGER, 10)).toBe(9007199254741001n)
  })

  test.each([
    ['0.1', '0.2', '0.3'],
    ['3.0e3', '200', '3200'],
    ['1.5', '-1.5', '0'],
    ['10.5', '0.1', '10.6'],
    ['17179869184', '1.5', '17179869185.5'],
    ['-2', '0.0000001', '-1.9999999'],
  ])('%s + %s is %s, as with long doubles', (a, b, sum) => {
    expect(addDecimals(a, b)).toBe(sum)
  })
})

test.each([
  ['h?llo', 'hello', true],
  ['h*llo', 'heeeello', true],
  ['h[ae]llo', 'hallo', true],
  ['h[^e]llo', 'hello', false],
  ['h[a-c]llo', 'hbllo', true],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'aXcYb', false],
  ['[', '[', false],
  ['*', '', true],
  ['a*'.repeat(40), 'a'.repeat(60), true],
  [`${'a*'.repeat(40)}b`, 'a'.repeat(60), false],
])('glob %s on %s: %s', (pattern, text, expected) => {
  expect(matchGlob(pattern, text)).toBe(expected)
})

test('a decimal of more characters than Redis takes is none, however long it is', () => {
  const digits = (count: number): string => `1.${'0'.repeat(count - 3)}1`
  expect(addDecimals(digits(5119), '1')).toBe('2')
  expect(addDecimals(digits(5120), '1')).toBeUndefined()
  expect(addDecimals('1', digits(100_000_000))).toBeUndefined()
  // nor is one that a long double cannot tell from zero
  expect(addDecimals('3.7e-4932', '1')).toBe('1')
  expect(addDecimals(`0.${'0'.repeat(4949)}4`, '1')).toBe('1')
  expect(addDecimals(`0.${'0'.repeat(4952)}1`, '1')).toBeUndefined()
})
