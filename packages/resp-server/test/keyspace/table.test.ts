import { describe, expect, test } from 'vitest'
import { Table } from '../../src/keyspace/table.ts'
import { type KeySource, NO_EXPIRY, type StoredKey } from '../../src/keyspace/value.ts'

/** A table over a store that has these strings. */
function tableOver(stored: Map<string, string>): Table {
  const source: KeySource = {
    fetchKey(_, key): StoredKey | undefined {
      const value = stored.get(key)
      return value === undefined ? undefined : { value, expiry: NO_EXPIRY }
    },
    loadValue: () => expect.unreachable(),
  }
  return new Table(1, source, stored.size)
}

const plain = (value: string): StoredKey => ({ value, expiry: NO_EXPIRY })

describe('a pass over the store', () => {
  test('does not bring back what a key was before it was changed and left memory', () => {
    const stored = new Map([['k', 'old']])
    const table = tableOver(stored)
    const pass = table.beginPass()
    table.setValue(table.slot('k'), 'new')
    stored.set('k', 'new')
    expect(table.forget(table.slot('k'))).toBe(true)
    expect(table.size).toBe(1)
    table.learn(pass, 'k', plain('old'), true)
    expect(table.valueAt(table.slotInMemory('k'))).toBe('new')
  })

  test('does not bring back what was removed, also when that is written meanwhile', () => {
    const stored = new Map([['k', 'old']])
    const table = tableOver(stored)
    const pass = table.beginPass()
    table.remove(table.slot('k'))
    stored.delete('k')
    table.changesStored()
    table.learn(pass, 'k', plain('old'), true)
    expect(table.slot('k')).toBe(-1)
    table.endPass(pass, true)
    expect([table.size, table.isComplete]).toEqual([0, true])
  })

  test('says that all is in memory only when it left nothing out', () => {
    const table = tableOver(new Map([['k', 'v']]))
    const first = table.beginPass()
    table.learn(first, 'k', plain('v'), false)
    table.endPass(first, true)
    expect([table.size, table.isComplete, table.loadedKeys.length]).toEqual([1, false, 0])
    const second = table.beginPass()
    table.learn(second, 'k', plain('v'), true)
    table.endPass(second, true)
    expect([table.size, table.isComplete, table.loadedKeys.length]).toEqual([1, true, 1])
  })

  test('takes in what expires, whatever room there is: it must be known to go in time', () => {
    const table = tableOver(new Map([['k', 'v']]))
    table.learn(table.beginPass(), 'k', { value: 'v', expiry: 5 }, false)
    expect(table.expiryQueue.next).toBe(5)
    expect(table.forget(table.slot('k'))).toBe(false)
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
