// node --conditions=@ashlar/source test/format/write-fixture.ts <new directory>
// Writes a fixture in the format of now. Fixtures of published formats are never written again.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Store } from '@ashlar/lsm-store'
import { FIXTURE_OPTIONS, writeFixture } from './fixture.ts'

const [path = ''] = process.argv.slice(2)
const store = await Store.open(path, { ...FIXTURE_OPTIONS, errorIfExists: true })
await writeFixture(store)
await store.close()
for (const name of ['LOCK', 'HOLDER']) rmSync(join(path, name))
