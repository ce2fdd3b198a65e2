import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Keyspace, Store } from '@ashlar/lsm-store'
import { expect, it } from 'vitest'
import { FIXTURE_OPTIONS, FIXTURES, type Fixture } from './fixture.ts'

const DIRECTORY = join(import.meta.dirname, '..', 'fixtures')

// ASHLAR_WRITE_FIXTURE=v9 writes a fixture in the format of now. Those of published formats stay.
const fresh = process.env['ASHLAR_WRITE_FIXTURE']
if (fresh !== undefined) {
  const { largeValueBytes = 0 } = FIXTURES[fresh] ?? {}
  const compression = ['lz4', 'zstd'] as const
  const tables = { ...FIXTURE_OPTIONS.tables, compression, largeValueBytes }
  const options = { ...FIXTURE_OPTIONS, tables, errorIfExists: true }
  const store = await Store.open(join(DIRECTORY, fresh), options)
  await FIXTURES[fresh]?.write(store)
  await store.close()
  for (const name of ['LOCK', 'HOLDER']) rmSync(join(DIRECTORY, fresh, name))
}

async function entriesOf(keyspace: Keyspace): Promise<[string, string][]> {
  const found: [string, string][] = []
  for await (const [key, value] of keyspace.scan()) {
    found.push([Buffer.from(key).toString(), Buffer.from(value).toString()])
  }
  return found
}

for (const version of readdirSync(DIRECTORY)) {
  it(`opens what format ${version} has written, and goes on in it`, async () => {
    const fixture = FIXTURES[version] as Fixture
    const path = mkdtempSync(join(tmpdir(), 'lsm-fixture-'))
    try {
      cpSync(join(DIRECTORY, version), path, { recursive: true })
      const store = await Store.open(path, { ...FIXTURE_OPTIONS, createIfMissing: false })
      const content = fixture.content()
      expect(['default', ...store.keyspaces].sort()).toEqual(Object.keys(content).sort())
      for (const [name, expected] of Object.entries(content)) {
        const keyspace = name === 'default' ? store : await store.keyspace(name)
        expect(await entriesOf(keyspace)).toEqual([...expected])
      }
      let changes = 0
      for await (const { operations } of store.changes({ keyspaces: true })) {
        changes += operations.length
      }
      expect(changes).toBe(fixture.operations)
      expect((await store.verify()).problems).toEqual([])
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
