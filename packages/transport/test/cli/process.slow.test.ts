// Goal: what only a process shows: signals, pipes that close, and lines that are whole.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { nats } from '@ashlar/transport/nats'
import { NatsServer } from '@ashlar/transport/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const NODE = [process.execPath, '--conditions=@ashlar/source', CLI] as const
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

let server: NatsServer
beforeAll(async () => {
  server = await NatsServer.start()
})
afterAll(() => server.close())

function start(command: string, args: readonly string[]) {
  const child = spawn(command, args, {
    env: { ...process.env, ASHLAR_TRANSPORT: server.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'close') as Promise<[number | null, string | null]>
  return { child, exit }
}

const [node, ...flags] = NODE

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a subscription after a whole line, and that is no failure',
  async (signal) => {
    await using transport = await nats({ servers: server.url })
    const { child, exit } = start(node, [...flags, 'sub', 'lines', '--json'])
    const out = text(child.stdout.pipe(new PassThrough()))
    const begun = once(child.stdout, 'data')
    await once(child.stderr, 'data') // subscribed
    const payload = bytes('x'.repeat(10_000))
    for (let n = 0; n < 500; n += 1) transport.publish('lines', payload)
    await transport.flush()
    await begun
    child.kill(signal)
    expect(await exit).toEqual([0, null])
    const lines = (await out).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ subject: 'lines' })
  },
)

test('SIGTERM ends a request that waits with 143', async () => {
  await using transport = await nats({ servers: server.url })
  const asked = Promise.withResolvers<void>()
  transport.respond('slow', () => {
    asked.resolve()
    return new Promise(() => {})
  })
  await transport.flush()
  const { child, exit } = start(node, [...flags, 'request', 'slow', 'x', '--timeout', '60000'])
  await asked.promise
  child.kill('SIGTERM')
  expect(await exit).toEqual([143, null])
})

test('a reader that has seen enough ends it quietly', async () => {
  await using transport = await nats({ servers: server.url })
  const log = await transport.log('long', { subjects: ['long'] })
  const payload = bytes('x'.repeat(1_000))
  await Promise.all(Array.from({ length: 500 }, () => log.append('long', payload)))
  // the command as parameters: its path may have spaces
  const script = 'set -o pipefail; "$@" | head -1'
  const command = [...NODE, 'log', 'tail', 'long', '--follow']
  const { child, exit } = start('bash', ['-c', script, 'bash', ...command])
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  expect(await exit).toEqual([0, null])
  expect(out.split('\n')).toHaveLength(2)
  expect(out).toMatch(/^1 \S+ long x+\n$/)
  expect(err).toBe('')
})
