import { describe, expect, test } from 'vitest'
import { Table } from '../../src/keyspace/table.ts'
import {
  type KeySource,
  NO_EXPIRY,
  type StoredKey,
  type WalkedKey,
} from '../../src/keyspace/value.ts'

const walked = (name: string, stored: StoredKey): WalkedKey => ({
  name,
  place: name,
  expiry: stored.expiry,
  fieldExpiry: NO_EXPIRY,
  read: () => stored,
})

/** A table over a store that has these strings, all with this expiry. */
function tableOver(stored: Map<string, string>, expiry: number = NO_EXPIRY): Table {
  const source: KeySource = {
    fetchKey(_, key): StoredKey | undefined {
      const value = stored.get(key)
      return value === undefined ? undefined : { value, expiry }
    },
    loadValue: () => expect.unreachable(),
    placeOf: (key) => key,
    walk: () => expect.unreachable(),
  }
  return new Table(1, source, stored.size)
}

const plain = (name: string, value: string): WalkedKey => walked(name, { value, expiry: NO_EXPIRY })

describe('a pass over the store', () => {
  test('leaves alone what memory has, or has removed and not written yet', () => {
    const table = tableOver(
      new Map([
        ['changed', 'old'],
        ['removed', 'old'],
      ]),
    )
    const pass = table.beginPass()
    table.setValue(table.slot('changed'), 'new')
    table.remove(table.slot('removed'))
    table.learn(plain('changed', 'old'), true)
    table.learn(plain('removed', 'old'), true)
    table.endPass(pass)
    expect(table.valueAt(table.slot('changed'))).toBe('new')
    expect([table.slot('removed'), table.size, table.isComplete]).toEqual([-1, 1, true])
  })

  test('says that all is in memory only when it left nothing out', () => {
    const table = tableOver(new Map([['k', 'v']]))
    const first = table.beginPass()
    table.learn(plain('k', 'v'), false)
    table.endPass(first)
    expect([table.size, table.isComplete, table.loadedKeys.length]).toEqual([1, false, 0])
    const second = table.beginPass()
    table.learn(plain('k', 'v'), true)
    expect(table.forget(0)).toBe(true)
    table.endPass(second)
    expect([table.size, table.isComplete, table.loadedKeys.length]).toEqual([1, false, 0])
    const third = table.beginPass()
    table.learn(plain('k', 'v'), true)
    table.endPass(third)
    expect([table.size, table.isComplete, table.loadedKeys.length]).toEqual([1, true, 1])
  })

  test('counts what expires once, wherever it is and however often it comes and goes', () => {
    const table = tableOver(new Map(['a', 'b', 'c', 'd'].map((key) => [key, 'v'])), 5)
    const key = (name: string): WalkedKey => walked(name, { value: 'v', expiry: 5 })
    // touched before the pass comes to it: counted in memory, then in the store
    expect(table.slot('c')).toBe(0)
    expect(table.expires).toBe(1)
    expect(table.forget(0)).toBe(true)
    const pass = table.beginPass()
    table.learn(key('a'), false)
    table.learn(key('b'), true)
    expect([table.expires, table.expiring]).toEqual([2, 1])
    expect(table.slot('a')).toBe(1)
    expect([table.expires, table.expiring]).toEqual([2, 2])
    // new keys on both sides of where the pass is
    for (const name of ['aa', 'cc']) {
      table.insert(name, 'v', 5)
      expect(table.forget(table.slotInMemory(name))).toBe(true)
    }
    for (const name of ['c', 'cc', 'd']) table.learn(key(name), false)
    table.endPass(pass)
    expect([table.expires, table.expiring]).toEqual([6, 2])
    for (const slot of [1, 0]) expect(table.forget(slot)).toBe(true)
    expect([table.expires, table.expiring, table.size]).toEqual([6, 0, 6])
  })
})

describe('an integer', () => {
  test('is a string to everybody, whatever it was before and is after', () => {
    const table = new Table(1, undefined, 0)
    table.insert('n', 'before', NO_EXPIRY)
    const { bytes } = table
    table.setInteger(table.slot('n'), -42)
    expect([table.integerAt(0), table.valueAt(0), table.residentAt(0)]).toEqual([-42, '-42', '-42'])
    expect(table.readThrough('n')).toBe('-42')
    table.setInteger(table.slot('n'), Number.MAX_SAFE_INTEGER)
    expect(table.valueAt(0)).toBe('9007199254740991')
    expect(table.letGo(0)).toBe(false)
    table.setValue(0, 'before')
    expect([table.integerAt(0), table.bytes]).toEqual([undefined, bytes])
    table.setInteger(0, 7)
    table.remove(0)
    expect([table.slot('n'), table.size, table.bytes]).toEqual([-1, 0, 0])
  })

  test('may leave memory for the store as a string may', () => {
    const stored = new Map([['n', '5']])
    const table = tableOver(stored)
    table.setInteger(table.slot('n'), 6)
    stored.set('n', '6')
    expect(table.forget(table.slot('n'))).toBe(true)
    expect(table.valueAt(table.slot('n'))).toBe('6')
  })
})

test('a key may come that nobody looked for, and one that somebody did look for may not', () => {
  const table = new Table(1, undefined, 0)
  expect(table.slot('awaited')).toBe(-1)
  table.insert('surprise', 'v', NO_EXPIRY)
  expect([table.slot('awaited'), table.slot('surprise')]).toEqual([-1, 0])
})
