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
