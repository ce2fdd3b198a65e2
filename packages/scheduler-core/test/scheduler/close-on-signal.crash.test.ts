// Processes with tasks in flight are told to end, as a deploy does it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeOnSignal } from '@ashlar/scheduler-core'
import { describe, expect, onTestFinished, test } from 'vitest'

const CHILD = new URL('./signal-child.ts', import.meta.url)
const TASKS = 20

class Deploy {
  readonly folder = mkdtempSync(join(tmpdir(), 'scheduler-signal-'))

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }))
  }

  start(...args: readonly number[]): ChildProcess {
    const child = fork(CHILD, [this.folder, ...args.map(String)])
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  /** How often each word stands in the diary. */
  noted(word: string): string[] {
    const lines = readFileSync(join(this.folder, 'diary'), 'utf8').trimEnd().split('\n')
    return lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length + 1))
  }
}

/** Resolves at the nth of these messages. */
function told(child: ChildProcess, word: string, count = 1): Promise<void> {
  let left = count
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message === word) left -= 1
      if (left === 0) resolve()
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code} before ${left} x ${word}`)))
  })
}

describe('a process that is told to end', () => {
  test('finishes what it runs within the grace time: nothing is lost, nothing runs twice', async () => {
    const deploy = new Deploy()
    const child = deploy.start(TASKS, 20, 60_000, 5)
    await told(child, 'start', 7)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(deploy.noted('closed by')).toEqual(['SIGTERM'])
    expect(deploy.noted('end')).toHaveLength(deploy.noted('start').length)
    expect(deploy.noted('end').length).toBeLessThan(TASKS)
    const next = deploy.start(0, 0)
    await told(next, 'idle')
    next.kill('SIGINT')
    expect(await once(next, 'exit')).toEqual([0, null])
    expect(deploy.noted('start').toSorted()).toEqual(
      Array.from({ length: TASKS }, (_, n) => String(n)).toSorted(),
    )
    expect(deploy.noted('end')).toHaveLength(TASKS)
  })

  test('leaves what does not end in time to the next one', async () => {
    const deploy = new Deploy()
    const child = deploy.start(5, 60_000, 10)
    await told(child, 'start', 5)
    child.kill('SIGTERM')
    await once(child, 'exit')
    expect(deploy.noted('end')).toEqual([])
    const next = deploy.start(0, 0)
    await told(next, 'idle')
    expect(deploy.noted('end')).toHaveLength(5)
  })
})

test('all are closed although one fails, and the failure is told', async () => {
  const order: string[] = []
  const failing = { close: () => Promise.reject(new Error('stuck')) }
  const fine = async () => void order.push('closed')
  const watch = closeOnSignal([failing, fine], { signals: ['SIGUSR2'] })
  process.kill(process.pid, 'SIGUSR2')
  await expect(watch.closed).rejects.toThrow('stuck')
  expect(order).toEqual(['closed'])
  expect(process.listenerCount('SIGUSR2')).toBe(0)
})

test('a disposed watch leaves signals to others', () => {
  {
    using watch = closeOnSignal([], { signals: ['SIGUSR2'] })
    expect(process.listenerCount('SIGUSR2')).toBe(1)
    expect(watch.closed).toBeInstanceOf(Promise)
  }
  expect(process.listenerCount('SIGUSR2')).toBe(0)
})
