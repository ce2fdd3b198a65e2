import { VirtualClock } from '@ashlar/codec'
import { Store } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './support/temporary-folder.ts'

const info = async (server: RespServer, section: string, field: string): Promise<number> => {
  const text = (await server.execute(['INFO', section])) as string
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1])
}

const usedMemory = (server: RespServer): Promise<number> => info(server, 'memory', 'used_memory')

async function fill(server: RespServer, count: number, prefix = 'key'): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await server.execute(['SET', `${prefix}:${index}`, 'x'.repeat(200)])
  }
}

describe('maxmemory', () => {
  test('noeviction refuses what may need memory, and nothing else', async () => {
    await using server = await createServer({ config: { maxmemory: '20kb' } })
    await expect(fill(server, 200)).rejects.toThrow(
      "OOM command not allowed when used memory > 'maxmemory'.",
    )
    expect(await server.execute(['GET', 'key:0'])).toHaveLength(200)
    const script = "return redis.pcall('set', 'x', 'y')"
    await expect(server.execute(['EVAL', script, 0])).rejects.toThrow('OOM command not allowed')
    const allowed = `#!lua flags=allow-oom\nreturn redis.call('set', 'x', 'y')`
    expect(await server.execute(['EVAL', allowed, 0])).toBe('OK')
    expect(await server.execute(['DEL', 'key:0', 'key:1', 'key:2'])).toBe(3)
    expect(await server.execute(['SET', 'again', '1'])).toBe('OK')
  })

  for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random']) {
    test(`${policy} keeps memory below the limit`, async () => {
      const config = { maxmemory: '50kb', 'maxmemory-policy': policy }
      await using server = await createServer({ config })
      await fill(server, 1000)
      // the last command may go beyond it by itself
      expect(await usedMemory(server)).toBeLessThan(51 * 1024)
      expect(await info(server, 'stats', 'evicted_keys')).toBeGreaterThan(700)
    })
  }

  test('allkeys-lfu keeps what is used often', async () => {
    const config = { maxmemory: '50kb', 'maxmemory-policy': 'allkeys-lfu', 'lfu-log-factor': '0' }
    await using server = await createServer({ config: { ...config, 'maxmemory-samples': '10' } })
    await server.execute(['SET', 'hot', '1'])
    for (let count = 0; count < 50; count += 1) await server.execute(['GET', 'hot'])
    expect(await server.execute(['OBJECT', 'FREQ', 'hot'])).toBeGreaterThan(40)
    await fill(server, 500)
    expect(await server.execute(['EXISTS', 'hot'])).toBe(1)
  })

  test('volatile policies leave keys without expiry alone', async () => {
    for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
      const config = { maxmemory: '50kb', 'maxmemory-policy': policy }
      await using server = await createServer({ config })
      await fill(server, 50, 'kept')
      for (let index = 0; index < 300; index += 1) {
        await server.execute(['SET', `e:${index}`, 'x'.repeat(200), 'EX', 1000 + index])
      }
      expect(await usedMemory(server)).toBeLessThan(51 * 1024)
      expect(await server.execute(['EXISTS', 'kept:0', 'kept:49'])).toBe(2)
      await expect(fill(server, 300, 'more')).rejects.toThrow('OOM')
    }
  })

  test('every change of a value is accounted for, down to nothing', async () => {
    await using server = await createServer()
    const empty = await usedMemory(server)
    const commands = [
      'SET s abc',
      'APPEND s defghijklmnop',
      'SETRANGE s 100 x',
      'HSET h a 1 b 2',
      'HSET h a much-longer-than-before',
      'HDEL h b',
      'RPUSH l a b c',
      'LSET l 0 another-item',
      'LPOP l',
      'SADD S 1 2 x',
      'SREM S 2',
      'ZADD z 1 a 2 b',
      'ZREM z a',
      'XADD x * field value',
      'RENAME h h2',
      'COPY z z2',
      'SETRANGE big 100000 x',
      'APPEND big more',
      'INCR n',
      'EXPIRE n 100',
    ]
    for (const command of commands) await server.execute(command.split(' '))
    const before = await usedMemory(server)
    const keys = (await server.execute(['KEYS', '*'])) as string[]
    let sum = 0
    for (const key of keys) sum += (await server.execute(['MEMORY', 'USAGE', key])) as number
    expect(before - empty).toBe(sum)
    for (const key of keys) await server.execute(['DEL', key])
    expect(await usedMemory(server)).toBe(empty)
  })

  test('tier lets values go to the store, and answers from there', async () => {
    using folder = temporaryFolder()
    const config = { maxmemory: '300kb', 'maxmemory-policy': 'tier' }
    await using server = await createServer({ path: folder.path, config })
    for (let index = 0; index < 400; index += 1) {
      await server.execute(['SET', `s:${index}`, `${index}:`.padEnd(1000, 'x')])
      await server.execute(['HSET', `h:${index}`, 'field', `${index}:`.padEnd(1000, 'y')])
    }
    expect(await usedMemory(server)).toBeLessThan(310 * 1024)
    expect(await info(server, 'stats', 'ashlar_tiered_values')).toBeGreaterThan(300)
    expect(await server.execute(['DBSIZE'])).toBe(800)
    for (let index = 0; index < 400; index += 1) {
      expect(await server.execute(['GET', `s:${index}`])).toMatch(new RegExp(`^${index}:x`))
      expect(await server.execute(['HGET', `h:${index}`, 'field'])).toMatch(`${index}:`)
    }
    await server.execute(['HSET', 'h:0', 'other', 'value'])
    expect(await server.execute(['HLEN', 'h:0'])).toBe(2)
  })

  test('tier leaves keys to the store too: as many as the disk holds, listed and counted', async () => {
    using folder = temporaryFolder()
    const config = { maxmemory: '300kb', 'maxmemory-policy': 'tier' }
    const options = { path: folder.path, config }
    const names = Array.from({ length: 12_000 }, (_, n) => `key:${n}`)
    const all = new Set(names)
    const scanned = async (server: RespServer, between: () => Promise<unknown>) => {
      const found = new Set<string>()
      let cursor = '0'
      do {
        const step = await server.execute(['SCAN', cursor, 'COUNT', 700, 'MATCH', 'key:*'])
        const [next, keys] = step as [string, string[]]
        for (const key of keys) found.add(key)
        cursor = next
        await between()
      } while (cursor !== '0')
      return found
    }
    {
      await using server = await createServer(options)
      // a scan that began while all keys were in memory
      for (const name of names.slice(0, 1000)) await server.execute(['SET', name, 'v'])
      let [early] = (await server.execute(['SCAN', 0, 'COUNT', 300])) as [string, string[]]
      for (const name of names.slice(1000)) await server.execute(['SET', name, 'v'])
      await server.execute(['SET', 'brief', 'v', 'PX', 60_000])
      expect(await usedMemory(server)).toBeLessThan(310 * 1024)
      expect(await server.execute(['DBSIZE'])).toBe(12_001)
      const seen = new Set<string>()
      while (early !== '0') {
        const step = await server.execute(['SCAN', early, 'COUNT', 300])
        for (const key of (step as [string, string[]])[1]) seen.add(key)
        early = (step as [string, string[]])[0]
      }
      expect(names.filter((name) => !seen.has(name))).toEqual([])
      let writes = 0
      const touch = async (): Promise<void> => {
        for (let n = 0; n < 50; n += 1) await server.execute(['INCR', `n:${writes++}`])
      }
      expect(await scanned(server, touch)).toEqual(all)
      expect(new Set((await server.execute(['KEYS', 'key:*'])) as string[])).toEqual(all)
      expect(await server.execute(['RANDOMKEY'])).toMatch(/^(key|n):|^brief$/)
      // what is removed while it is in the store alone stays away
      for (const name of names.slice(0, 3000)) expect(await server.execute(['DEL', name])).toBe(1)
      expect(await server.execute(['EXISTS', 'key:0', 'key:2999', 'key:3000'])).toBe(1)
      expect(await server.execute(['DBSIZE'])).toBe(9001 + writes)
      expect(await server.execute(['INCR', 'n:0'])).toBe(2)
    }
    await using again = await createServer(options)
    const isLoaded = async (): Promise<boolean> =>
      (await info(again, 'persistence', 'async_loading')) === 0
    await expect.poll(isLoaded).toBe(true)
    expect(await usedMemory(again)).toBeLessThan(310 * 1024)
    expect(await again.execute(['PTTL', 'brief'])).toBeGreaterThan(0)
    expect(await scanned(again, isLoaded)).toEqual(new Set(names.slice(3000)))
    expect(await again.execute(['GET', 'key:11999'])).toBe('v')
    expect(await again.execute(['GET', 'key:1'])).toBe(undefined)
  })
})

describe('half a transaction is not written', () => {
  /** Which of a and b each change of the store has, when one of the requests stands between them. */
  async function changesOf(within: readonly string[][]): Promise<string[][]> {
    using folder = temporaryFolder()
    await using store = await Store.open(folder.path)
    const config = { maxmemory: '100kb', 'maxmemory-policy': 'tier' }
    await using server = await createServer({ store, config })
    await fill(server, 1000)
    await server.execute(['SET', 'last', '1'])
    const before = store.lastSequence
    for (const request of within) {
      await server.execute(['MULTI'])
      await server.execute(['SET', 'a', '1'])
      await server.execute(request)
      await server.execute(['SET', 'b', '2'])
      await server.execute(['EXEC'])
    }
    await server.execute(['SAVE'])
    const batches: string[][] = []
    for await (const { operations } of store.changes({ since: before })) {
      const keys = operations.flatMap((each) =>
        'key' in each ? [Buffer.from(each.key).toString('latin1')] : [],
      )
      batches.push(keys.filter((key) => /^k.{4}[ab]$/s.test(key)).map((key) => key.slice(5)))
    }
    expect(await usedMemory(server)).toBeLessThan(120_000)
    return batches.filter((keys) => keys.length > 0)
  }

  test('by a walk over keys that are in the store alone', async () => {
    const script = "redis.call('set', 'c', '3') redis.call('scan', '0')"
    const walks = [
      ['SCAN', '0'],
      ['KEYS', 'none*'],
      ['EVAL', script, '0'],
    ]
    expect(await changesOf(walks)).toEqual(walks.map(() => ['a', 'b']))
  })

  test('by a limit of memory that is set, or a background save', async () => {
    const requests = [
      ['CONFIG', 'SET', 'maxmemory', '60kb'],
      ['BGSAVE'],
      ['CONFIG', 'SET', 'maxmemory', '50kb', 'maxmemory-policy', 'tier'],
    ]
    expect(await changesOf(requests)).toEqual(requests.map(() => ['a', 'b']))
  })
})

test('TTL, TYPE, EXISTS and OBJECT do not count as uses; GET and TOUCH do', async () => {
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  await using server = await createServer({ clock })
  const run = (text: string): Promise<unknown> => server.execute(text.split(' '))
  await run('SET k v')
  await clock.advance(5_000)
  for (const look of [
    'TTL k',
    'PEXPIRETIME k',
    'TYPE k',
    'EXISTS k',
    'OBJECT ENCODING k',
    'MEMORY USAGE k',
  ]) {
    await run(look)
  }
  expect(await run('OBJECT IDLETIME k')).toBe(5)
  await run('TOUCH k')
  expect(await run('OBJECT IDLETIME k')).toBe(0)
  await clock.advance(5_000)
  await run('GET k')
  expect(await run('OBJECT IDLETIME k')).toBe(0)
})

test('a lower maxmemory makes room at once, without another command', async () => {
  await using server = await createServer({
    config: { 'maxmemory-policy': 'allkeys-lru', 'notify-keyspace-events': 'Ee' },
  })
  await server.execute(['SET', 'foo', 'bar'])
  const events: unknown[] = []
  const listener = server.createClient()
  listener.onPush = (items) => events.push(items[3])
  await listener.execute(['PSUBSCRIBE', '*'])
  await server.execute(['CONFIG', 'SET', 'maxmemory', '1'])
  expect(events).toContain('foo')
})
