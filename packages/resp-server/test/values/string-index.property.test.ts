import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StringIndex } from '../../src/values/string-index.ts'

const BYTES = 'abc\0\x7f\x80\xff'

/** Keys at their slots, as the users of the index keep them: removal moves the last one. */
class Keys {
  readonly keys: string[] = []
  readonly index: StringIndex = new StringIndex(this.keys)
  readonly model = new Map<string, number>()

  toggle(key: string): void {
    const slot = this.index.find(key)
    expect(slot).toBe(this.model.get(key) ?? -1)
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
})
