import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LuaTable, type LuaValue } from '../../src/lua/index.ts'

const key = fc.oneof(
  fc.integer({ min: -2, max: 12 }),
  fc.integer({ min: 1, max: 40 }),
  fc.constantFrom('a', 'b', '1', '__proto__', 'constructor', '', 'k'),
  fc.constantFrom(true, false, 1.5, 2 ** 40, -0),
  fc.string({ maxLength: 2 }),
)
const value = fc.oneof(
  fc.constant(undefined),
  fc.integer(),
  fc.boolean(),
  fc.string({ maxLength: 3 }),
)

test('a table is a map whose nil values are absent, through any history', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 120 }), (writes) => {
      const table = new LuaTable()
      const model = new Map<LuaValue, LuaValue>()
      for (const [k, v] of writes) {
        table.set(k, v)
        if (v === undefined) model.delete(k)
        else model.set(k, v)
      }
      for (const [k] of writes) expect(table.get(k)).toBe(model.get(k))
      expect(contents(table)).toEqual(model)
      const length = table.length()
      if (length > 0) expect(table.get(length)).not.toBeUndefined()
      expect(table.get(length + 1)).toBeUndefined()
    }),
  )
})

test('a traversal that removes what it visits, or anything else, visits every other entry once', () => {
  const entries = fc.uniqueArray(key, { maxLength: 40, comparator: 'SameValueZero' })
  fc.assert(
    fc.property(entries, fc.array(fc.nat(), { maxLength: 40 }), (keys, picks) => {
      const table = new LuaTable()
      for (const k of keys) table.set(k, 1)
      const removed = new Set<LuaValue>()
      const seen: LuaValue[] = []
      let step = 0
      for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
        seen.push(table.cursorKey(at))
        const victim = keys[(picks[step++] ?? 0) % keys.length] as LuaValue
        table.set(victim, undefined)
        removed.add(victim)
      }
      expect(new Set(seen).size).toBe(seen.length)
      for (const k of keys) if (!removed.has(k)) expect(seen).toContain(k === 0 ? 0 : k)
    }),
  )
})

function contents(table: LuaTable): Map<LuaValue, LuaValue> {
  const found = new Map<LuaValue, LuaValue>()
  for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
    expect(found.has(table.cursorKey(at))).toBe(false)
    found.set(table.cursorKey(at), table.cursorValue(at))
  }
  return found
}
