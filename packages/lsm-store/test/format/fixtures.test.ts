import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from '@ashlar/lsm-store'
import { expect, it } from 'vitest'
import { FIXTURE_OPTIONS, fixtureEntries, writeFixture } from './fixture.ts'

const FIXTURES = join(import.meta.dirname, '..', 'fixtures')

// ASHLAR_WRITE_FIXTURE=v9 writes a fixture in the format of now. Those of published formats stay.
const fresh = process.env['ASHLAR_WRITE_FIXTURE']
if (fresh !== undefined) {
  const tables = { ...FIXTURE_OPTIONS.tables, compression: ['lz4', 'zstd'] } as const
  const options = { ...FIXTURE_OPTIONS, tables, errorIfExists: true }
  const store = await Store.open(join(FIXTURES, fresh), options)
  await writeFixture(store)
  await store.close()
  for (const name of ['LOCK', 'HOLDER']) rmSync(join(FIXTURES, fresh, name))
}

for (const version of readdirSync(FIXTURES)) {
  it(`opens what format ${version} has written, and goes on in it`, async () => {
    const path = mkdtempSync(join(tmpdir(), 'lsm-fixture-'))
    try {
      cpSync(join(FIXTURES, version), path, { recursive: true })
      const store = await Store.open(path, { ...FIXTURE_OPTIONS, createIfMissing: false })
      const found = new Map<string, string>()
      for await (const [key, value] of store.scan()) {
        found.set(Buffer.from(key).toString(), Buffer.from(value).toString())
      }
      const expected = [...fixtureEntries()].sort(([a], [b]) => (a < b ? -1 : 1))
      expect([...found]).toEqual(expected)
      let changes = 0
      for await (const _ of store.changes()) changes += 1
      expect(changes).toBe(60)
      await store.put('key-0', 'new')
      await store.compact()
      await store.close()
      await using again = await Store.open(path, FIXTURE_OPTIONS)
      expect(Buffer.from(again.getSync('key-0') ?? []).toString()).toBe('new')
    } finally {
      rmSync(path, { recursive: true })
    }
  })
}
