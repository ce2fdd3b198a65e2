import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const cwd = join(import.meta.dirname, '..')

test('killed, refused and deployed anew, it sends every reminder in order and none early', async () => {
  const args = [...process.execArgv, 'src/main.ts']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd })
  expect(stdout).toContain(
    "deploy refused: SchedulerError: stored tasks cannot run: no handler is named 'remind'",
  )
  const [, first, second] =
    /sent 300: (\d+) by the first release, (\d+) by the second/.exec(stdout) ?? []
  expect(Number(first)).toBeGreaterThanOrEqual(100)
  expect(Number(first) + Number(second)).toBe(300)
  const again = Number(/under way: (\d+)/.exec(stdout)?.[1])
  expect(again).toBeLessThanOrEqual(6) // one a person
  expect(stdout).toContain('early: 0, out of order: 0')
})
