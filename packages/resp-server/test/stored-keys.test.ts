import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { expect, test } from 'vitest'
import { NO_EXPIRY } from '../src/keyspace/value.ts'
import { ModuleTypes } from '../src/modules/module-types.ts'
import { encodeKeyRecord, keyRecordKey, placeOf, withName } from '../src/persistence/layout.ts'
import { StoreSource } from '../src/persistence/store-source.ts'

const LONG = 70_000
const NAMES = ['', '\0', 'a', 'ab', 'b', 'b\0', 'ba', 'c', '\xff', '\xff\xff']

test('a walk goes over the keys of a table from one place to another, those with long names last', async () => {
  await using store = await Store.open('/data', { fileSystem: memoryFileSystem() })
  const names = [...NAMES, 'x'.repeat(LONG), 'y'.repeat(LONG), 'a'.repeat(LONG)]
  for (const table of [1, 2, 3]) {
    for (const name of names) {
      const record = encodeKeyRecord(`of ${table}`, name === 'b' ? 5 : NO_EXPIRY)
      await store.put(keyRecordKey(table, name), withName(name, record))
    }
  }
  const source = new StoreSource(store, undefined, new ModuleTypes())
  const places = names.map(placeOf).sort()
  const walk = (from: string, to: string | undefined): string[] => {
    using keys = source.walk(2, from, to)
    const found: string[] = []
    for (let key = keys.next(); key !== undefined; key = keys.next()) {
      expect([placeOf(key.name), key.read(true).value]).toEqual([key.place, 'of 2'])
      expect(key.expiry).toBe(key.name === 'b' ? 5 : NO_EXPIRY)
      found.push(key.place)
    }
    return found
  }
  const bounds = [...places, ...places.map((place) => `${place}\0`)]
  for (const from of bounds) {
    expect(walk(from, undefined)).toEqual(places.filter((place) => place >= from))
    for (const to of bounds) {
      if (to < from) continue
      expect(walk(from, to)).toEqual(places.filter((place) => place >= from && place < to))
    }
  }
})
