import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Api, createApi } from '@ashlar/schema-api'
import { describe, expect, onTestFinished, test } from 'vitest'

async function openFile(journal: 'wal' | 'delete'): Promise<Api> {
  const folder = mkdtempSync(join(tmpdir(), 'schema-api-'))
  const path = join(folder, 'data.db')
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = ${journal};
    CREATE TABLE rows (id INTEGER PRIMARY KEY, batch INT NOT NULL, padding TEXT)`)
  database.close()
  const api = await createApi({ database: path, busyTimeoutMs: 0 })
  onTestFinished(async () => {
    await api.close()
    rmSync(folder, { recursive: true })
  })
  return api
}

async function openMemory(): Promise<Api> {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, batch INT NOT NULL, padding TEXT)')
  const api = await createApi({ database })
  onTestFinished(async () => {
    await api.close()
    database.close()
  })
  return api
}

const stores = {
  'a file with a write-ahead log': () => openFile('wal'),
  'a file with a rollback journal': () => openFile('delete'),
  'a handle of the caller': openMemory,
}

describe.each(Object.entries(stores))('%s', (_name, open) => {
  test('shows reads whole batches only, while batches are written', async () => {
    const rows = (await open()).items('rows')
    const padding = 'x'.repeat(2_000)
    const seen: number[] = []
    const writes = Array.from({ length: 8 }, (_, batch) =>
      rows.createMany(Array.from({ length: 250 }, () => ({ batch, padding }))),
    )
    let isDone = false
    const finished = Promise.all(writes).finally(() => {
      isDone = true
    })
    while (!isDone) {
      const [{ count } = {}] = await rows.readByQuery({ aggregate: { count: '*' } })
      seen.push(Number(count))
    }
    await finished
    expect(seen.filter((count) => count % 250 !== 0)).toEqual([])
    const [{ count } = {}] = await rows.readByQuery({ aggregate: { count: '*' } })
    expect(count).toBe('2000')
  })

  test('undoes a batch that fails and goes on with the next', async () => {
    const rows = (await open()).items('rows')
    const results = await Promise.allSettled([
      rows.createMany([{ batch: 1 }, { batch: null }]),
      rows.createMany([{ batch: 2 }, { batch: 2 }]),
      rows.createOne({ batch: 3 }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(await rows.readByQuery({ fields: 'batch', sort: 'id' })).toEqual([
      { batch: 2 },
      { batch: 2 },
      { batch: 3 },
    ])
  })
})
