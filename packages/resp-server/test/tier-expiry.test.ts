import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { describe, expect, test } from 'vitest'
import { KEY, KEY_PREFIX_BYTES } from '../src/persistence/layout.ts'

const START = 1_700_000_000_000
const run = (server: RespServer, text: string): Promise<unknown> => server.execute(text.split(' '))

async function info(server: RespServer, section: string): Promise<Map<string, string>> {
  const lines = ((await run(server, `INFO ${section}`)) as string).split('\r\n')
  return new Map(lines.map((line) => line.split(':') as [string, string]))
}

const expires = async (server: RespServer): Promise<number> =>
  Number(/expires=(\d+)/.exec((await info(server, 'keyspace')).get('db0') ?? 'expires=0')?.[1])

/** What takes the rest of the memory: everything else leaves it. */
async function pushOut(server: RespServer): Promise<void> {
  await run(server, 'CONFIG SET maxmemory 1')
  for (let count = 0; count < 5; count += 1) await run(server, 'PING')
  await run(server, 'CONFIG SET maxmemory 100mb')
}

/** Between two timers the event loop turns, so that what was changed is written; or it does not. */
const turns = { areTaken: true }
const turn = (): Promise<void> =>
  turns.areTaken ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve()

interface Tiered extends AsyncDisposable {
  readonly server: RespServer
  readonly clock: VirtualClock
  readonly events: string[]
  readonly store: Store
}

async function tiered(): Promise<Tiered> {
  const clock = new VirtualClock({ startMs: START, settle: turn })
  const store = await Store.open('/data', { fileSystem: memoryFileSystem() })
  const config = { 'maxmemory-policy': 'tier', 'notify-keyspace-events': 'Eghx' }
  const server = await createServer({ clock, store, config })
  const listener = server.createClient()
  const events: string[] = []
  listener.onPush = (items) => {
    if (items[0] === 'pmessage') events.push(`${String(items[2]).slice(15)} ${String(items[3])}`)
  }
  await listener.execute(['PSUBSCRIBE', '*'])
  return {
    server,
    clock,
    events,
    store,
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await store.close()
    },
  }
}

const namesInMemory = async (server: RespServer): Promise<number> => {
  const used = Number((await info(server, 'memory')).get('used_memory'))
  return Math.round((used - 16 * 256) / 80)
}

describe('keys that expire leave memory under tier', () => {
  test('names and all, and come back with their time', async () => {
    await using tier = await tiered()
    const { server } = tier
    for (let n = 0; n < 200; n += 1) await run(server, `SET key:${n} v PX ${60_000 + n}`)
    await run(server, 'HSET h a 1 b 2')
    await run(server, 'HPEXPIRE h 5000 FIELDS 1 a')
    await pushOut(server)
    expect(await namesInMemory(server)).toBeLessThan(5)
    expect(await run(server, 'DBSIZE')).toBe(201)
    expect(await expires(server)).toBe(200)
    expect(await run(server, 'PTTL key:7')).toBe(60_007)
    expect(await run(server, 'HPTTL h FIELDS 2 a b')).toEqual([5000, -1])
    expect(await expires(server)).toBe(200)
  })

  test('go in time though nobody asks for them, with events and counts', async () => {
    await using tier = await tiered()
    const { server, clock, events, store } = tier
    for (let n = 0; n < 3000; n += 1) await run(server, `SET brief:${n} v PX ${1000 + n}`)
    for (let n = 0; n < 3000; n += 1) await run(server, `SET long:${n} v EX 1000`)
    await run(server, 'RPUSH list a b c')
    await run(server, 'PEXPIRE list 1500')
    await pushOut(server)
    await clock.advance(1000 + 3000 + 30_000)
    expect(await run(server, 'DBSIZE')).toBe(3000)
    expect(await expires(server)).toBe(3000)
    expect(new Set(events.filter((event) => event.startsWith('expired'))).size).toBe(3001)
    expect((await info(server, 'stats')).get('expired_keys')).toBe('3001')
    expect(await namesInMemory(server)).toBeLessThan(5)
    await run(server, 'SAVE')
    let stored = 0
    for await (const [key] of store.iterator({ prefix: Buffer.of(KEY) })) {
      if (key.length > KEY_PREFIX_BYTES) stored += 1
    }
    expect(stored).toBe(3000)
    await clock.advance(1_000_000)
    expect(await run(server, 'DBSIZE')).toBe(0)
  })

  test('are not answered, scanned or picked once they are due, before a sweep', async () => {
    await using tier = await tiered()
    const { server, clock } = tier
    for (let n = 0; n < 1200; n += 1) await run(server, `SET a:${n} v PX 1000`)
    await run(server, 'SET z v PX 900000')
    await run(server, 'SET watched v PX 1000')
    await pushOut(server)
    const watcher = server.createClient()
    await watcher.execute(['WATCH', 'watched'])
    await pushOut(server)
    // writes wait, so nothing that is due is removed
    await run(server, 'CLIENT PAUSE 600000 WRITE')
    await clock.advance(2000)
    expect(await run(server, 'DBSIZE')).toBe(1202)
    expect(await run(server, 'KEYS *')).toEqual(['z'])
    expect(await run(server, 'SCAN 0 COUNT 5000')).toEqual(['0', ['z']])
    expect(await run(server, 'RANDOMKEY')).toBe('z')
    expect(await run(server, 'EXISTS a:1')).toBe(0)
    expect(await run(server, 'TTL a:2')).toBe(-2)
    expect(await run(server, 'GET a:3')).toBe(undefined)
    expect(await run(server, 'OBJECT ENCODING a:4')).toBe(undefined)
    await run(server, 'CLIENT UNPAUSE')
    expect(await run(server, 'DEL a:5')).toBe(0)
    await watcher.execute(['MULTI'])
    await watcher.execute(['PING'])
    expect(await watcher.execute(['EXEC'])).toBe(undefined)
    await clock.advance(40_000)
    expect(await run(server, 'DBSIZE')).toBe(1)
    watcher.close()
  })

  test('fields of hashes go in time, and a hash with its last field', async () => {
    await using tier = await tiered()
    const { server, clock, events } = tier
    await run(server, 'HSET both a 1 b 2')
    await run(server, 'HPEXPIRE both 1000 FIELDS 1 a')
    await run(server, 'HPEXPIRE both 100000 FIELDS 1 b')
    await run(server, 'HSET later a 1 b 2')
    await run(server, 'HPEXPIRE later 1000 FIELDS 1 a')
    await run(server, 'SAVE')
    await run(server, 'HPEXPIRE later 50000 FIELDS 1 a')
    await run(server, 'HSET never a 1 b 2')
    await run(server, 'HPEXPIRE never 1000 FIELDS 1 a')
    await run(server, 'SAVE')
    await run(server, 'HPERSIST never FIELDS 1 a')
    await pushOut(server)
    expect(await namesInMemory(server)).toBeLessThan(5)
    const expired: string[] = []
    for (const hash of [['both'], ['later'], ['both']]) {
      expired.push(...hash.map((name) => `hexpired ${name}`))
      await clock.advance(45_000)
      expect(events.filter((event) => event.startsWith('hexpired'))).toEqual(expired)
      // one whose field lost its time was looked at once, and not again
      if (expired.length === 3) expect(await namesInMemory(server)).toBe(0)
      // those that a sweep brought in wait in memory the first time
      if (expired.length > 1) await pushOut(server)
    }
    expect(events.at(-1)).toBe('del both')
    expect(await run(server, 'KEYS *')).toEqual(['later', 'never'])
    expect(await run(server, 'HLEN later')).toBe(1)
    expect(await run(server, 'HLEN never')).toBe(2)
    expect(await run(server, 'DBSIZE')).toBe(2)
  })

  test('stay when they were changed, though a sweep comes by their records before that is written', async () => {
    await using tier = await tiered()
    const { server, clock, events } = tier
    const names = ['persisted', 'extended', 'overwritten', 'removed', 'untouched']
    for (const name of names) await run(server, `SET ${name} v PX 1000`)
    await pushOut(server)
    await clock.advance(900)
    turns.areTaken = false
    const changes = [
      'PERSIST persisted',
      'PEXPIRE extended 90000',
      'SET overwritten w',
      'DEL removed',
    ]
    const changed = changes.map((change) => run(server, change))
    await clock.advance(1000)
    turns.areTaken = true
    expect(await Promise.all(changed)).toEqual([1, 1, 'OK', 1])
    expect(events.filter((event) => !event.startsWith('expire '))).toEqual([
      'persist persisted',
      'del removed',
      'expired untouched',
    ])
    expect(await run(server, 'DBSIZE')).toBe(3)
    await pushOut(server)
    expect(await run(server, 'MGET persisted extended overwritten')).toEqual(['v', 'v', 'w'])
  })

  test('are known after a restart, though none of them fits into memory', async () => {
    const clock = new VirtualClock({ startMs: START })
    await using store = await Store.open('/data', { fileSystem: memoryFileSystem() })
    {
      await using server = await createServer({ clock, store })
      for (let n = 0; n < 700; n += 1) await run(server, `SET brief:${n} v PX ${2000 + n}`)
      for (let n = 0; n < 300; n += 1) await run(server, `SET long:${n} v EX 1000`)
      for (let n = 0; n < 100; n += 1) await run(server, `SET kept:${n} v`)
    }
    const config = { 'maxmemory-policy': 'tier', maxmemory: '1' }
    await using server = await createServer({ clock, store, config })
    const loading = async () => (await info(server, 'persistence')).get('async_loading')
    await expect.poll(loading).toBe('0')
    expect(await namesInMemory(server)).toBe(0)
    expect(await expires(server)).toBe(1000)
    await clock.advance(5000)
    expect(await run(server, 'DBSIZE')).toBe(400)
    expect(await expires(server)).toBe(300)
    await clock.advance(1_000_000)
    expect(await run(server, 'DBSIZE')).toBe(100)
  })

  test('names too long for the store leave and go too', async () => {
    await using tier = await tiered()
    const { server, clock } = tier
    const names = ['x', 'y', 'z'].map((letter) => letter.repeat(70_000))
    for (const name of names) await server.execute(['SET', name, 'v', 'PX', 1000])
    await server.execute(['PERSIST', names[1] as string])
    await pushOut(server)
    expect(await namesInMemory(server)).toBeLessThan(5)
    await clock.advance(40_000)
    expect(await run(server, 'KEYS *')).toEqual([names[1]])
    expect(await run(server, 'DBSIZE')).toBe(1)
  })
})
