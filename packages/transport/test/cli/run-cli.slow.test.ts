import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nats } from '@ashlar/transport/nats'
import { NatsServer } from '@ashlar/transport/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { until } from '../nats/environment.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Run {
  readonly code: Promise<number>
  readonly out: string[]
  readonly err: string[]
  readonly stop: () => void
}

function run(args: readonly string[], { env = {}, input = '' } = {}): Run {
  const out: string[] = []
  const err: string[] = []
  const interrupt = new AbortController()
  const code = runCli(args, '1.2.3', {
    env,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    readInput: async () => bytes(input),
    signal: interrupt.signal,
  })
  return { code, out, err, stop: () => interrupt.abort() }
}

describe('ashlar-transport', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-cli-'))
  const store = ['--transport', `embedded:${folder}`]
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start({ config: 'authorization { token: secret }' })
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })
  const env = (): Record<string, string> => ({
    ASHLAR_TRANSPORT: server.url,
    NATS_TOKEN: 'secret',
  })

  test('tells how it is called', async () => {
    const help = run(['--help'])
    expect(await help.code).toBe(0)
    expect(help.out.join()).toContain('Usage: ashlar-transport')
    const version = run(['--version'])
    expect(await version.code).toBe(0)
    expect(version.out).toEqual(['1.2.3'])
  })

  test('called wrongly it says how and ends with 2', async () => {
    for (const args of [[], ['fly'], ['pub'], ['kv', 'get', 'b'], ['sub', 'a', '--count', 'x']]) {
      const wrong = run([...args, ...store])
      expect(await wrong.code).toBe(2)
      expect(wrong.err.join()).toMatch(/missing|no command|must be|do not leave/)
    }
    expect(await run(['pub', 'a', 'b', '--no-such-option']).code).toBe(2)
    expect(await run(['pub', 'a', 'b', ...store]).code).toBe(2)
    expect(await run(['kv', 'get', 'b', 'k', '--transport', 'http://x']).code).toBe(2)
  })

  test('publishes, subscribes and requests over NATS, with the token of the environment', async () => {
    const sub = run(['sub', 'orders.>', '--count', '2', '--json'], { env: env() })
    await until(() => sub.err.includes('subscribed'))
    const header = ['--header', 'kind=hot']
    expect(await run(['pub', 'orders.tea', '2 cups', ...header], { env: env() }).code).toBe(0)
    expect(await run(['pub', 'orders.cake'], { env: env(), input: 'from stdin' }).code).toBe(0)
    expect(await sub.code).toBe(0)
    expect(sub.out.map((line) => JSON.parse(line))).toEqual([
      { subject: 'orders.tea', headers: { kind: 'hot' }, payload: '2 cups' },
      { subject: 'orders.cake', headers: {}, payload: 'from stdin' },
    ])
    await using transport = await nats({ servers: server.url, credentials: { token: 'secret' } })
    transport.respond('greet', ({ payload }) => Buffer.concat([bytes('hello '), payload]))
    await transport.flush()
    const request = run(['request', 'greet', 'ada'], { env: env() })
    expect(await request.code).toBe(0)
    expect(request.out).toEqual(['hello ada'])
    const nobody = run(['request', 'nobody', 'x'], { env: env() })
    expect(await nobody.code).toBe(3)
    expect(nobody.err.join()).toContain('NO_RESPONDERS')
  })

  test('follows a log until it is interrupted', async () => {
    await using transport = await nats({ servers: server.url, credentials: { token: 'secret' } })
    const log = await transport.log('events', { subjects: ['events.>'] })
    await log.append('events.a', bytes('1'))
    const tail = run(['log', 'tail', 'events', '--follow', '--json'], { env: env() })
    await until(() => tail.out.length === 1)
    const append = run(['log', 'append', 'events', 'events.b', '2'], { env: env() })
    expect(await append.code).toBe(0)
    expect(append.out).toEqual(['2'])
    await until(() => tail.out.length === 2)
    tail.stop()
    expect(await tail.code).toBe(0)
    const found = tail.out.map((line) => JSON.parse(line))
    expect(found.map(({ sequence, payload }) => [sequence, payload])).toEqual([
      [1, '1'],
      [2, '2'],
    ])
    expect(await run(['log', 'tail', 'nothing'], { env: env() }).code).toBe(3)
  })

  test('keeps keys in a store of its own, without a server', async () => {
    const put = run(['kv', 'put', 'settings', 'theme', 'dark', ...store])
    expect(await put.code).toBe(0)
    expect(put.out).toEqual(['1'])
    const get = run(['kv', 'get', 'settings', 'theme', '--json', ...store])
    expect(await get.code).toBe(0)
    expect(JSON.parse(get.out[0] ?? '')).toMatchObject({ key: 'theme', payload: 'dark' })
    const conflict = run(['kv', 'put', 'settings', 'theme', 'x', '--revision', '7', ...store])
    expect(await conflict.code).toBe(1)
    expect(conflict.err.join()).toContain('KV_CONFLICT')
    const watch = run(['kv', 'watch', 'settings', '--count', '1', ...store])
    expect(await watch.code).toBe(0)
    expect(watch.out).toEqual(['1 put theme dark'])
    const keys = run(['kv', 'keys', 'settings', ...store])
    expect(await keys.code).toBe(0)
    expect(keys.out).toEqual(['theme'])
    expect(await run(['kv', 'delete', 'settings', 'theme', ...store]).code).toBe(0)
    expect(await run(['kv', 'get', 'settings', 'theme', ...store]).code).toBe(3)
  })

  test('measures what it talks to', async () => {
    const bench = run(['bench', '--messages', '200', '--json'], { env: env() })
    expect(await bench.code).toBe(0)
    expect(bench.out.map((line) => JSON.parse(line).row)).toEqual([
      'messages delivered',
      'requests, 64 in flight',
      'appends, 64 in flight',
    ])
  })

  test('a server that is not there is a failure that names it', async () => {
    const gone = run(['kv', 'get', 'b', 'k', '--transport', 'nats://127.0.0.1:1'])
    expect(await gone.code).toBe(1)
    expect(gone.err.join()).toContain('nats://127.0.0.1:1')
  })
})
