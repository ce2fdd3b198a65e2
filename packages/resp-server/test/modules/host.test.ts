import { once } from 'node:events'
import { VirtualClock } from '@ashlar/codec'
import { createServer, type Module, type ModuleHost, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { shelfModule } from '../support/shelf-module.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const run = (server: RespServer, text: string): Promise<unknown> => server.execute(text.split(' '))

/** A module that hands out its host. */
function probe(more: Partial<Module> = {}): { module: Module; host: () => ModuleHost } {
  let host: ModuleHost | undefined
  const module: Module = {
    name: 'probe',
    version: 1,
    ...more,
    start(given) {
      host = given
      return more.start?.(given)
    },
  }
  return {
    module,
    host: () => {
      if (host === undefined) throw new Error('the module has not started')
      return host
    },
  }
}

test('an index that listens to changes is right after whatever changes keys', async () => {
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  const index = new Map<string, string>()
  const before: string[] = []
  const { module } = probe({
    start(host) {
      host.onChange(
        {
          before: (key, keys) => before.push(`${key}=${keys.hash(key)?.get('v') ?? '?'}`),
          after(key, keys) {
            const value = keys.type(key) === 'hash' ? keys.hash(key)?.get('v') : undefined
            if (value === undefined) index.delete(key)
            else index.set(key, value)
          },
        },
        { prefixes: ['doc:'] },
      )
      host.onFlush(() => index.clear())
    },
    commands: [
      {
        name: 'probe.size',
        arity: 1,
        flags: ['readonly'],
        summary: 'Counts what is indexed.',
        handler: ({ reply }) => reply.integer(index.size),
      },
    ],
  })
  await using server = await createServer({ clock, modules: [module] })
  await run(server, 'HSET doc:1 v one')
  await run(server, 'HSET other v x')
  expect([...index]).toEqual([['doc:1', 'one']])
  await run(server, 'HSET doc:1 v two')
  await server.execute([
    'EVAL',
    "redis.call('HSET', 'doc:2', 'v', 'lua') return redis.call('PROBE.SIZE')",
    0,
  ])
  expect(index.get('doc:2')).toBe('lua')
  const client = server.createClient()
  await client.execute(['MULTI'])
  await client.execute(['HSET', 'doc:3', 'v', 'three'])
  await client.execute(['PROBE.SIZE'])
  expect(await client.execute(['EXEC'])).toEqual([1, 3])
  await run(server, 'RENAME doc:3 doc:4')
  expect([...index.keys()].sort()).toEqual(['doc:1', 'doc:2', 'doc:4'])
  await run(server, 'PEXPIRE doc:4 50')
  await clock.advance(60)
  expect(index.has('doc:4')).toBe(false)
  await run(server, 'SET doc:2 text')
  await run(server, 'DEL doc:1')
  expect(before).toEqual(['doc:3=three', 'doc:4=three', 'doc:2=lua', 'doc:1=two'])
  expect(index.size).toBe(0)
  await run(server, 'HSET doc:5 v five')
  await run(server, 'FLUSHALL')
  expect(index.size).toBe(0)
})

test('what a listener changes belongs to the command and is told in turn, but not for ever', async () => {
  let rounds = 0
  const { module } = probe({
    start(host) {
      host.onChange({
        after(key, keys) {
          rounds += 1
          if (key === 'loop' || key === 'once') keys.setString(key === 'loop' ? key : 'copy', 'x')
        },
      })
    },
  })
  await using server = await createServer({ modules: [module] })
  await run(server, 'SET once 1')
  expect(await run(server, 'GET copy')).toBe('x')
  expect(rounds).toBe(2)
  await run(server, 'SET loop 1')
  expect(rounds).toBeLessThan(100)
  expect(await run(server, 'PING')).toBe('PONG')
})

test('events are told as they happen, whatever notify-keyspace-events says', async () => {
  const events: string[] = []
  const { module } = probe({
    start: (host) =>
      host.onEvent(['string', 'module'], ({ event, key }) => events.push(`${event} ${key}`)),
  })
  await using server = await createServer({ modules: [module, shelfModule()] })
  await run(server, 'SET a 1')
  await run(server, 'RPUSH l 1')
  await run(server, 'CONFIG SET notify-keyspace-events KEA')
  await server.execute(['CONFIG', 'SET', 'notify-keyspace-events', ''])
  await run(server, 'SHELF.SET s a x')
  expect(events).toEqual(['set a', 'shelf.set s'])
})

test('timers work on keys, wake those who wait, and end with the server', async () => {
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  const { module, host } = probe()
  const server = await createServer({ clock, modules: [module] })
  const waiting = server.createClient().execute(['BLPOP', 'jobs', '0'])
  host().setTimer(100, (keys) => keys.setString('late', String(keys.now)))
  host().setTimer(50, () => {
    throw new Error('a defect')
  })
  await clock.advance(100)
  expect(await run(server, 'GET late')).toBe('1700000000100')
  host().setTimer(10, () => host().perform((keys) => keys.setString('nested', '1')))
  await clock.advance(10)
  expect(await run(server, 'GET nested')).toBe('1')
  await run(server, 'RPUSH jobs one')
  expect(await waiting).toEqual(['jobs', 'one'])
  let isLate = false
  host().setTimer(1000, () => {
    isLate = true
  })
  await server.close()
  await clock.advance(2000)
  expect(isLate).toBe(false)
})

test('what a module keeps beside keys is as durable as its command, and there at the next start', async () => {
  using folder = temporaryFolder()
  const { path } = folder
  const define: Partial<Module> = {
    commands: [
      {
        name: 'probe.define',
        arity: 3,
        flags: ['write'],
        summary: 'Defines something.',
        handler({ host, reply }, [, name = '', text = '']) {
          if (text === '-') host.records.delete(name)
          else host.records.set(name, text)
          reply.ok()
        },
      },
    ],
  }
  {
    await using server = await createServer({ path, modules: [probe(define).module] })
    await run(server, 'PROBE.DEFINE one 1')
    await run(server, 'PROBE.DEFINE two 2')
    await run(server, 'PROBE.DEFINE one -')
  }
  const { module, host } = probe(define)
  await using server = await createServer({ path, modules: [module] })
  expect([...host().records.entries()]).toEqual([['two', '2']])
  expect(host().records.get('one')).toBeUndefined()
  expect(await run(server, 'DBSIZE')).toBe(0)
})

test('keys are walked by prefix and type while commands come in between', async () => {
  const { module, host } = probe()
  using folder = temporaryFolder()
  const { path } = folder
  {
    await using server = await createServer({ path })
    for (let at = 0; at < 50; at += 1) await run(server, `SET a:${at} x`)
    for (let at = 0; at < 50; at += 1) await run(server, `HSET b:${at} f x`)
  }
  await using server = await createServer({ path, modules: [module] })
  const found = new Set<string>()
  for await (const slice of host().scanKeys({ prefix: 'b:', type: 'hash', perTurn: 7 })) {
    for (const key of slice) found.add(key)
    await run(server, `DEL a:${found.size % 50}`)
  }
  expect(found.size).toBe(50)
  const leaving = new AbortController()
  let seen = 0
  for await (const slice of host().scanKeys({ perTurn: 1, signal: leaving.signal })) {
    seen += slice.length
    if (seen === 3) leaving.abort()
  }
  expect(seen).toBe(3)
})

test('work in threads comes back, fails alone, and is bounded', async () => {
  const { module, host } = probe()
  const server = await createServer({ modules: [module] })
  const workers = host().createWorkers({
    url: new URL('./echo-worker.ts', import.meta.url),
    threads: 1,
    maxQueued: 1,
  })
  expect(await workers.run({ text: 'one' })).toBe('ONE')
  await expect(workers.run({ text: 'two', fails: true })).rejects.toThrow('cannot work on two')
  const [running, queued, refused] = ['a', 'b', 'c'].map((text) => workers.run({ text }))
  await expect(refused).rejects.toThrow('wait already')
  expect(await Promise.all([running, queued])).toEqual(['A', 'B'])
  const late = workers.run({ text: 'x' })
  late.catch(() => {})
  await server.close()
  await expect(late).rejects.toThrow('ended')
  await expect(workers.run({ text: 'y' })).rejects.toThrow('ended')
})

test('cursors end when nobody uses them, and when there are too many', async () => {
  const clock = new VirtualClock({ startMs: 0 })
  const { module, host } = probe()
  await using _server = await createServer({ clock, modules: [module] })
  const cursors = host().createCursors<string>({ max: 2, maxIdleMs: 100 })
  const first = cursors.open('first')
  const second = cursors.open('second')
  await clock.advance(60)
  expect(cursors.get(first)).toBe('first')
  await clock.advance(60)
  expect(cursors.get(second)).toBeUndefined()
  expect(cursors.get(first)).toBe('first')
  cursors.open('third')
  cursors.open('fourth')
  expect(cursors.get(first)).toBeUndefined()
  expect(cursors.size).toBe(2)
})

test('memory that a module holds counts for maxmemory', async () => {
  const { module, host } = probe()
  await using server = await createServer({ modules: [module], config: { maxmemory: '1mb' } })
  await run(server, 'SET a x')
  host().chargeMemory(2 * 1024 * 1024)
  await expect(run(server, 'SET b x')).rejects.toThrow(/^OOM/)
  host().chargeMemory(-2 * 1024 * 1024)
  expect(await run(server, 'SET b x')).toBe('OK')
})

test('two databases that exchange their keys are told', async () => {
  const swaps: string[] = []
  const { module } = probe({ start: (host) => host.onSwap((a, b) => swaps.push(`${a}-${b}`)) })
  await using server = await createServer({ modules: [module] })
  await run(server, 'SWAPDB 1 4')
  expect(swaps).toEqual(['1-4'])
})

test('REPLICAOF makes a server a follower, and its modules are told', async () => {
  const roles: boolean[] = []
  const { module, host } = probe({ start: (given) => given.onRole((is) => roles.push(is)) })
  await using server = await createServer({ modules: [module] })
  expect(host().isPrimary).toBe(true)
  await run(server, 'SET a 1')
  await run(server, 'REPLICAOF 127.0.0.1 1')
  expect([host().isPrimary, host().isWritable]).toEqual([false, false])
  expect(host().read((keys) => keys.string('a'))).toBe('1')
  expect(() => host().perform((keys) => keys.setString('a', '2'))).toThrow('READONLY')
  expect(() => host().records.set('a', '2')).toThrow('READONLY')
  await run(server, 'REPLICAOF NO ONE')
  host().perform((keys) => keys.setString('a', '2'))
  expect(roles).toEqual([false, true])
})

test('a module that cannot start ends the start, and one that fails to stop does not hold it up', async () => {
  const failing: Module = {
    name: 'failing',
    version: 1,
    start: () => Promise.reject(new Error('no such index')),
  }
  await expect(createServer({ modules: [failing] })).rejects.toThrow('no such index')
  const stopped = new EventTarget()
  const told = once(stopped, 'stop')
  const server = await createServer({
    modules: [
      {
        name: 'stuck',
        version: 1,
        stop() {
          stopped.dispatchEvent(new Event('stop'))
          throw new Error('a defect')
        },
      },
    ],
  })
  await server.close()
  await told
})
