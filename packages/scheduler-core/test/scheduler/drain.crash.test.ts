import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const CHILD = new URL('./drain-child.ts', import.meta.url)

test('a process that is told to end finishes what runs, and loses and repeats nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-drain-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const child = fork(CHILD, [folder])
  await once(child, 'message')
  child.kill('SIGTERM')
  const [code, signal] = await once(child, 'exit')
  expect([code, signal]).toEqual([0, null])
  const first = read(folder)
  // What had started has ended, and not all had.
  expect(first.started).toEqual(first.ended)
  expect(first.ended.length).toBeLessThan(400)

  const [last] = await once(fork(CHILD, [folder, 'rest']), 'exit')
  expect(last).toBe(0)
  const { started, ended, failed } = read(folder)
  const all = Array.from({ length: 400 }, (_, n) => n)
  expect({ started, ended, failed }).toEqual({ started: all, ended: all, failed: [] })
}, 60_000)

function read(folder: string) {
  const lines = readFileSync(join(folder, 'diary'), 'utf8').split('\n').filter(Boolean)
  const numbers = (what: string): number[] =>
    lines
      .filter((line) => line.startsWith(`${what} `))
      .map((line) => Number(line.slice(what.length + 1)))
      .sort((a, b) => a - b)
  const failed = lines.filter((line) => line.startsWith('failed'))
  return { started: numbers('start'), ended: numbers('end'), failed }
}
