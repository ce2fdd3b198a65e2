import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Table } from '../../src/keyspace/table.ts'
import { hashBytes } from '../../src/values/string-hash.ts'
import { StringIndex } from '../../src/values/string-index.ts'

/** Of what stands between the first and the last byte. */
const hashOf = (bytes: Buffer): number => hashBytes(bytes, 1, bytes.length - 1)

const BYTES = 'abc\0\x7f\x80\xff'

/** Keys at their slots, as the users of the index keep them: removal moves the last one. */
class Keys {
  readonly keys: string[] = []
  readonly index: StringIndex = new StringIndex(this.keys)
  readonly model = new Map<string, number>()

  toggle(key: string): void {
    const slot = this.index.find(key)
    expect(slot).toBe(this.model.get(key) ?? -1)
    // as the bytes stand in a chunk of requests
    const bytes = Buffer.from(`$${key}\r`, 'latin1')
    expect(this.index.findBytes(bytes, 1, bytes.length - 1, hashOf(bytes))).toBe(slot)
    if (slot === -1) this.index.isMissing(key)
    expect(this.index.find(key)).toBe(slot)
    if (slot === -1) {
      this.model.set(key, this.keys.length)
      this.keys.push(key)
      this.index.add(key, this.keys.length - 1)
      return
    }
    this.index.remove(key, slot)
    this.model.delete(key)
    const last = this.keys.pop() as string
    if (last === key) return
    this.index.move(last, this.keys.length, slot)
    this.keys[slot] = last
    this.model.set(last, slot)
  }

  check(): void {
    for (const [key, slot] of this.model) expect(this.index.find(key)).toBe(slot)
  }
}

describe('an index of strings', () => {
  test('finds what a Map finds, whatever comes and goes', () => {
    const key = fc.string({ unit: fc.constantFrom(...BYTES.split('')), maxLength: 9 })
    fc.assert(
      fc.property(fc.array(key, { maxLength: 400 }), (toggled) => {
        const keys = new Keys()
        for (const each of toggled) keys.toggle(each)
        keys.check()
        expect(keys.index.find('never there')).toBe(-1)
      }),
      { numRuns: 200 },
    )
  })

  test('grows into many segments, shrinks, and closes slots', () => {
    const keys = new Keys()
    for (let n = 0; n < 60_000; n += 1) keys.toggle(`key:${n}`)
    keys.check()
    for (let n = 59_999; n >= 100; n -= 1) keys.toggle(`key:${n}`)
    keys.check()
    keys.index.remove('key:40', 40)
    keys.keys.splice(40, 1)
    keys.index.closeSlot(40)
    for (const [slot, key] of keys.keys.entries()) expect(keys.index.find(key)).toBe(slot)
    expect(keys.index.find('key:40')).toBe(-1)
  })

  test('is divided into segments of which some have many more keys than others', () => {
    const keys: string[] = []
    const index = new StringIndex(keys)
    for (let n = 0; keys.length < 50_000; n += 1) {
      const key = `key:${n}`
      // the segments go by the first bits of the hash: only a quarter of them gets any key
      if (hashOf(Buffer.from(`<${key}>`)) >>> 30 !== 0) continue
      keys.push(key)
      index.add(key, keys.length - 1)
    }
    expect(keys.filter((key, slot) => index.find(key) !== slot)).toEqual([])
  })
})

describe('a table', () => {
  test('finds keys by string and by bytes as they come, move and go', () => {
    const key = fc.constantFrom('', 'a', 'b', 'ab', 'ba', '\xff', '\0')
    const step = fc.tuple(fc.constantFrom('insert', 'remove', 'find', 'bytes'), key)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new Table(0, undefined, 0)
        const model = new Map<string, string>()
        for (const [number, [what, name]] of steps.entries()) {
          const value = `value ${number}`
          const bytes = Buffer.from(`<${name}>`, 'latin1')
          if (what === 'bytes') {
            const known = table.nameOf(bytes, 1, bytes.length - 1, hashOf(bytes))
            expect(known).toBe(model.has(name) ? name : undefined)
            // as the parser does: the next who looks for it need not
            if (known === undefined) table.isNoName(name)
          }
          const slot = table.slot(name)
          expect(slot === -1 ? undefined : table.valueAt(slot)).toBe(model.get(name))
          if (what === 'insert' && slot === -1) {
            table.insert(name, value, Number.POSITIVE_INFINITY)
            model.set(name, value)
          } else if (what === 'remove' && slot !== -1) {
            table.remove(slot)
            model.delete(name)
          }
        }
        expect(table.size).toBe(model.size)
      }),
    )
  })

  test('answers for several keys that were read before they are asked for, whatever changes between', () => {
    const key = fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'c', 'd')
    const request = fc.record({
      read: fc.array(key, { maxLength: 6 }),
      asked: fc.array(key, { maxLength: 6 }),
      removed: fc.option(fc.nat({ max: 5 })),
    })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 20 }), (requests) => {
        const table = new Table(0, undefined, 0)
        const model = new Map<string, string>()
        for (const [number, { read, asked, removed }] of requests.entries()) {
          table.expectSeveral()
          for (const name of read) {
            const bytes = Buffer.from(`<${name}>`, 'latin1')
            const known = table.nextNameOf(bytes, 1, bytes.length - 1, hashOf(bytes))
            expect(known).toBe(model.has(name) ? name : undefined)
          }
          for (const [at, name] of [...read, ...asked].entries()) {
            const slot = table.slot(name)
            expect(slot === -1 ? undefined : table.valueAt(slot)).toBe(model.get(name))
            if (slot === -1) {
              table.insert(name, `${number}.${at}`, Number.POSITIVE_INFINITY)
              model.set(name, `${number}.${at}`)
            } else if (at === removed) {
              table.remove(slot)
              model.delete(name)
            }
          }
        }
        expect(table.size).toBe(model.size)
      }),
    )
  })
})
