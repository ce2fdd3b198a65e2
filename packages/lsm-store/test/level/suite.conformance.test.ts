// abstract-level's own test suite, whole: on a database and, by the suite itself, on a sublevel.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

function runSuite(sizes: string): Promise<{ tap: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const file = join(import.meta.dirname, 'suite-child.ts')
    const child = spawn(process.execPath, [...process.execArgv, file, sizes])
    let tap = ''
    const collect = (chunk: Buffer): void => {
      tap += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', (code) => resolve({ tap, code }))
  })
}

test.each(['default', 'small'])('all of it passes, with %s sizes', async (sizes) => {
  const { tap, code } = await runSuite(sizes)
  expect(tap.match(/^not ok .*$/gm) ?? []).toEqual([])
  expect(Number(/^# pass +(\d+)$/m.exec(tap)?.[1])).toBeGreaterThan(5000)
  expect(/^# fail/m.test(tap), tap.slice(-2000)).toBe(false)
  expect(code).toBe(0)
})
