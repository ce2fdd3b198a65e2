// `serve` as a process: it runs tasks, answers, and ends when it is told to.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const CLI =
  process.env['TEST_TARGET'] === 'dist'
    ? [fileURLToPath(new URL('../../bin/ashlar-scheduler.js', import.meta.url))]
    : ['--conditions=@ashlar/source', fileURLToPath(new URL('../../src/cli.ts', import.meta.url))]
const HANDLERS = fileURLToPath(new URL('./handlers-child.ts', import.meta.url))

async function serve(
  ...args: readonly string[]
): Promise<{ readonly server: ChildProcess; readonly url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-serve-'))
  const flags = ['serve', '--store', join(folder, 'tasks'), '--port', '0', '--json', ...args]
  const server = spawn(process.execPath, [...CLI, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const [line] = (await once(server.stdout, 'data')) as [Buffer]
  return { server, url: (JSON.parse(line.toString()) as { url: string }).url }
}

test('with handlers it runs tasks until SIGTERM; without a token it serves this machine only', async () => {
  const { server, url } = await serve('--handlers', HANDLERS)
  const body = JSON.stringify({ handler: 'fine', payload: 1 })
  const headers = { 'content-type': 'application/json' }
  const made = await fetch(`${url}/tasks`, { method: 'POST', headers, body })
  const { id } = (await made.json()) as { id: string }
  let state = ''
  while (state !== 'completed') {
    const shown = await fetch(`${url}/tasks/${id}`)
    state = ((await shown.json()) as { state: string }).state
  }
  const foreign = await fetch(`${url}/queues`, { headers: { origin: 'https://evil.example' } })
  expect(foreign.status).toBe(401)
  server.kill('SIGTERM')
  expect(await once(server, 'exit')).toEqual([0, null])
})
