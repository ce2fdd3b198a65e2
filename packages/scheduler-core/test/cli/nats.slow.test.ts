// The command line on a cluster: a worker in a process of its own, and commands that look and change.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NatsServer } from '@ashlar/transport/testing'
import { expect, onTestFinished, test } from 'vitest'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const HANDLERS = fileURLToPath(new URL('./handlers-child.ts', import.meta.url))
const run = promisify(execFile)

test('tasks of a cluster are run, listed and cancelled', async () => {
  const server = await NatsServer.start()
  onTestFinished(() => server.close())
  const conditions = process.execArgv.filter((one) => one.startsWith('--conditions='))
  const node = [...conditions, CLI]
  const cli = async (...args: string[]): Promise<unknown> => {
    const all = [...node, ...args, '--nats', server.url, '--json']
    return JSON.parse((await run(process.execPath, all)).stdout)
  }
  await expect(cli('stats')).rejects.toThrow(/there is no cluster/)
  const args = ['work', '--nats', server.url, '--handlers', HANDLERS, '--json']
  const worker = spawn(process.execPath, [...node, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    worker.kill('SIGKILL')
  })
  const [line] = (await once(worker.stdout, 'data')) as [Buffer]
  expect(JSON.parse(line.toString())).toMatchObject({ handlers: expect.arrayContaining(['fine']) })
  expect(await cli('pause', 'q')).toEqual({ q: 'paused' })
  expect(await cli('stats')).toMatchObject({ queues: { q: { paused: true } } })
  expect(await cli('grow', '18')).toEqual({ before: 16, partitions: 18 })
  worker.kill('SIGTERM')
  expect(await once(worker, 'exit')).toEqual([0, null])
})
