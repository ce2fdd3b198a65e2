import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const cwd = join(import.meta.dirname, '..')

async function play(...flags: string[]): Promise<string> {
  const args = [...process.execArgv, 'src/main.ts', ...flags]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd })
  return stdout
}

/** Everything was sent, in order. Tells how many of them again. */
function expectAllSent(stdout: string): number {
  const sent = /sent 300: (\d+) by the first release, (\d+) by the second/.exec(stdout)
  const [first, second] = [Number(sent?.[1]), Number(sent?.[2])]
  expect(first).toBeGreaterThanOrEqual(100)
  expect(first + second).toBe(300)
  expect(stdout).toContain('early: 0, out of order: 0')
  return Number(/under way: (\d+)/.exec(stdout)?.[1])
}

test('killed, refused and deployed anew, it sends every reminder in order and none early', async () => {
  const stdout = await play()
  expect(stdout).toContain(
    "deploy refused: SchedulerError: stored tasks cannot run: no handler is named 'remind'",
  )
  // only what was under way, at most one a person
  expect(expectAllSent(stdout)).toBeLessThanOrEqual(6)
})

test('over NATS it goes on when a worker is killed and the others are replaced', async () => {
  expectAllSent(await play('--nats'))
})
