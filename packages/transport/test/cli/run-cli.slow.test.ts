import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nats } from '@ashlar/transport/nats'
import { NatsServer } from '@ashlar/transport/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { USAGES } from '../../src/cli/usage.ts'
import { until } from '../nats/environment.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Run {
  readonly code: Promise<number>
  readonly out: string[]
  readonly err: string[]
  readonly stop: (signal?: string) => void
}

function run(
  args: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string | Promise<string> } = {},
): Run {
  const out: string[] = []
  const err: string[] = []
  const interrupt = new AbortController()
  const code = runCli(args, '1.2.3', {
    env,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    readInput: async () => bytes(await input),
    signal: interrupt.signal,
  })
  return { code, out, err, stop: (signal = 'SIGINT') => interrupt.abort(signal) }
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
    const wrong: [args: string[], what: string][] = [
      [[], 'a command is missing'],
      [['fly'], 'there is no command fly'],
      [['toString'], 'there is no command toString'],
      [['pub'], 'the subject is missing'],
      [['log'], 'what to do is missing: log knows tail, append, info'],
      [['kv', 'fly', 'b'], 'there is no kv fly: kv knows get, put, delete, keys, watch'],
      [['kv', 'get', 'b'], 'the key is missing'],
      [['pub', 'a', 'b', 'c'], 'pub has no place for "c"'],
      [['bench', 'x'], 'bench has no place for "x"'],
      [['pub', 'a', 'b', '--queue', 'q'], 'pub has no option --queue'],
      [['sub', 'a', '--count', 'x'], '--count must be a positive integer, got x'],
      [['pub', 'a', 'b', '--header', 'x'], '--header must be name=value, got x'],
      [['pub', 'a', 'b', '--no-such-option'], '--no-such-option'],
      [['kv', 'get', 'b', 'k', '--transport', 'http://x'], '--transport must be nats://'],
    ]
    for (const [args, what] of wrong) {
      // told before anything is connected to: nobody is there
      const called = run(args, { env: { ASHLAR_TRANSPORT: 'nats://127.0.0.1:1' } })
      expect(await called.code, what).toBe(2)
      expect(called.err.join()).toContain(what)
      expect(called.out).toEqual([])
    }
    const local = run(['pub', 'a', 'b', ...store])
    expect(await local.code).toBe(2)
    expect(local.err.join()).toContain('do not leave')
    expect(await run(['kv', 'put', 'b', 'k k', 'v', ...store]).code).toBe(2)
    expect(await run(['pub', 'a b', 'x'], { env: env() }).code).toBe(2)
  })

  test.each(Object.keys(USAGES))('%s --help tells of it, without a server', async (name) => {
    const words = name.split(' ')
    const help = run([...words, '--help'])
    expect(await help.code).toBe(0)
    const text = help.out.join('\n')
    expect(text).toContain(`Usage: ashlar-transport ${name} [options]`)
    expect(text).toContain('Exit codes')
    for (const other of Object.keys(USAGES)) {
      if (other !== name) expect(text).not.toContain(`  ${other} `)
    }
  })

  test('log and kv --help tell what these can do', async () => {
    for (const name of ['log', 'kv']) {
      const help = run([name, '--help'])
      expect(await help.code).toBe(0)
      const known = Object.keys(USAGES).filter((one) => one.startsWith(`${name} `))
      for (const one of known) expect(help.out.join()).toContain(`  ${one} `)
      expect(help.out.join()).not.toContain('  bench ')
    }
  })

  test('a bucket that is not there is told of and not created', async () => {
    for (const words of [['get', 'k'], ['delete', 'k'], ['keys'], ['watch']]) {
      const [action = '', ...more] = words
      const typo = run(['kv', action, 'typo', ...more], { env: env() })
      expect(await typo.code).toBe(3)
      expect(typo.err.join()).toContain('KV_MISSING')
    }
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s ends what is not done with %i', async (signal, code) => {
    await using transport = await nats({ servers: server.url, credentials: { token: 'secret' } })
    const asked = Promise.withResolvers<void>()
    transport.respond('slow', () => {
      asked.resolve()
      return new Promise(() => {})
    })
    await transport.flush()
    const request = run(['request', 'slow', 'x', '--timeout', '60000'], { env: env() })
    await asked.promise
    request.stop(signal)
    expect(await request.code).toBe(code)

    const typed = Promise.withResolvers<string>()
    const reading = run(['pub', 'a.b'], { env: env(), input: typed.promise })
    reading.stop(signal)
    expect(await reading.code).toBe(code)
    typed.resolve('too late')

    const bench = run(['bench', '--messages', '100000000'], { env: env() })
    const started = transport.subscribe('ashlar-bench.>')
    for await (const _ of started) break
    bench.stop(signal)
    expect(await bench.code).toBe(code)
    expect(bench.out).toEqual([])
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
