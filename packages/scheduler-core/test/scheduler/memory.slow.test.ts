// Memory does not grow with what waits on disk (I13). SCHEDULER_PENDING raises the number of tasks.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const PENDING = Number(process.env['SCHEDULER_PENDING'] ?? 200_000)
const MEGABYTE = 1024 * 1024

interface Report {
  readonly before: number
  readonly after: number
  readonly resident: number
  readonly scheduled: number
}

test(`${PENDING} pending tasks take no more memory than a tenth of them`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-memory-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const child = fork(new URL('./memory-child.ts', import.meta.url), [folder, String(PENDING)], {
    execArgv: [...process.execArgv, '--expose-gc'],
  })
  const [report] = (await once(child, 'message')) as [Report]
  await once(child, 'exit')
  expect(report.scheduled).toBe(PENDING)
  expect(report.resident).toBeLessThanOrEqual(2 * 1_000 + 2 * 32 * 6)
  // The store's own buffers may be empty or full: what is left is tables of its index.
  expect((report.after - report.before) / MEGABYTE).toBeLessThan(32 + PENDING / 100_000)
}, 300_000)
