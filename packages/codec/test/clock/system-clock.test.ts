import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { systemClock } from '@ashlar/codec'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => vi.useRealTimers())

test('shows the time of the machine', () => {
  const before = Date.now()
  const now = systemClock.now()
  expect(now).toBeGreaterThanOrEqual(before)
  expect(now).toBeLessThanOrEqual(Date.now())
  expect(systemClock.monotonic()).toBeLessThanOrEqual(systemClock.monotonic())
})

test('never fires before the delay has passed, fractions included', async () => {
  for (const delayMs of [0, 0.4, 1.9, 3.5, -5]) {
    const start = systemClock.monotonic()
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, delayMs))
    expect(systemClock.monotonic() - start).toBeGreaterThanOrEqual(delayMs)
  }
})

test('a cancelled timer does not fire', async () => {
  let fired = false
  const timer = systemClock.setTimer(() => {
    fired = true
  }, 1)
  timer.cancel()
  timer.cancel()
  await new Promise<void>((resolve) => systemClock.setTimer(resolve, 5))
  expect(fired).toBe(false)
})

test('waits longer than setTimeout can, and can be cancelled on the way', () => {
  vi.useFakeTimers()
  const delayMs = 2 ** 31 + 1000
  let fired = 0
  systemClock.setTimer(() => fired++, delayMs)
  const cancelled = systemClock.setTimer(() => fired++, delayMs)
  vi.advanceTimersByTime(2 ** 31 + 500)
  expect([fired, vi.getTimerCount()]).toEqual([0, 2])
  cancelled.cancel()
  vi.advanceTimersByTime(500)
  expect([fired, vi.getTimerCount()]).toEqual([1, 0])
})

test('refuses a delay that is no number', () => {
  expect(() => systemClock.setTimer(() => {}, Number.NaN)).toThrow(RangeError)
})

test('keeps the process alive only when asked to', async () => {
  const run = (options: string): Promise<{ stdout: string }> => {
    const script = `import { systemClock } from '@ashlar/codec'
      systemClock.setTimer(() => console.log('fired'), 20, ${options})`
    return promisify(execFile)(
      process.execPath,
      [...process.execArgv, '--input-type=module', '--eval', script],
      { cwd: import.meta.dirname },
    )
  }
  expect((await run('{}')).stdout).toBe('')
  expect((await run('{ keepAlive: true }')).stdout).toBe('fired\n')
})
