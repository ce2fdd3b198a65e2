// What was answered is there after kill -9.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'

const entry =
  process.env['TEST_TARGET'] === 'dist'
    ? join(import.meta.dirname, '../bin/ashlar-api.js')
    : join(import.meta.dirname, '../src/cli.ts')

test.each(['wal', 'delete'])('answered writes survive kill -9 (journal %s)', async (journal) => {
  const folder = mkdtempSync(join(tmpdir(), 'schema-api-crash-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'data.db')
  const made = new DatabaseSync(path)
  made.exec(`PRAGMA journal_mode = ${journal}; CREATE TABLE rows (id INTEGER PRIMARY KEY, n INT)`)
  made.close()

  const child = spawn(process.execPath, [
    ...process.execArgv,
    entry,
    'serve',
    path,
    '--port',
    '0',
    '--json',
  ])
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { url } = JSON.parse(line.toString()) as { url: string }
  const answered: number[] = []
  const exited = once(child, 'exit')
  const post = async (n: number): Promise<void> => {
    const body = JSON.stringify(n % 3 === 0 ? [{ n }, { n }] : { n })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/items/rows`, { method: 'POST', headers, body })
    if (answer.ok) answered.push(n)
    if (answered.length === 60) child.kill('SIGKILL')
  }
  await Promise.allSettled(Array.from({ length: 200 }, (_, n) => post(n)))
  await exited

  const after = new DatabaseSync(path)
  onTestFinished(() => after.close())
  const counts = new Map(
    after
      .prepare('SELECT n, count(*) AS count FROM rows GROUP BY n')
      .all()
      .map(({ n, count }) => [Number(n), Number(count)]),
  )
  expect(answered.length).toBeGreaterThanOrEqual(60)
  for (const n of answered) expect([n, counts.get(n)]).toEqual([n, n % 3 === 0 ? 2 : 1])
  for (const [n, count] of counts) expect([n, count]).toEqual([n, n % 3 === 0 ? 2 : 1])
  expect(after.prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
})
