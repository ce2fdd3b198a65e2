import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest'
import { createServer, formatPrometheus, type Module, type RespServer } from '../src/index.ts'
import { mirrorModule } from './support/mirror-module.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'
import { ScriptedPrimary } from './support/scripted-primary.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { writeAtRandom } from './support/write-at-random.ts'

const DEBUG = { 'enable-debug-command': 'yes' }

async function open(
  path?: string,
  config: Record<string, string> = {},
  modules: readonly Module[] = [],
): Promise<RespServer> {
  const options = { port: 0, config: { ...DEBUG, ...config }, modules }
  const server = await createServer(path === undefined ? options : { ...options, path })
  onTestFinished(() => server.close())
  return server
}

async function connect(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port)
  onTestFinished(() => client.close())
  return client
}

const info = async (server: RespServer, field: string): Promise<string | undefined> =>
  new RegExp(`^${field}:(.*)\r$`, 'm').exec(String(await server.execute(['INFO'])))?.[1]

const isUp = (server: RespServer): Promise<void> =>
  expect.poll(() => info(server, 'master_link_status'), { timeout: 20_000 }).toBe('up')

describe('a server that follows redis-server', () => {
  let redis: RealRedis
  let primary: RawClient

  beforeAll(async () => {
    redis = await RealRedis.start(
      '--repl-diskless-sync-delay',
      '0',
      '--enable-debug-command',
      'yes',
    )
  })
  // each begins in the first database, whatever became of the one before
  beforeEach(async () => {
    primary = await RawClient.connect(redis.port)
  })
  afterEach(() => primary.close())
  afterAll(() => redis.stop())

  const follow = (server: RespServer): Promise<unknown> =>
    server.execute(['REPLICAOF', '127.0.0.1', redis.port])

  /** Waits until the follower has everything that redis-server did so far. */
  async function expectSame(server: RespServer): Promise<void> {
    await isUp(server)
    const replication = await primary.call('INFO', 'replication')
    const offset = Number(/master_repl_offset:(\d+)/.exec(replication)?.[1])
    const behind = async (): Promise<number> =>
      Math.max(0, offset - Number(await info(server, 'slave_repl_offset')))
    await expect.poll(behind, { timeout: 20_000 }).toBe(0)
    const both = async (...request: string[]): Promise<readonly [string, string]> => [
      (await primary.call(...request)).trim().slice(1),
      String(await server.execute(request)),
    ]
    const [expected, actual] = await both('DEBUG', 'DIGEST')
    if (expected === actual) return
    const differing: string[] = []
    for (const key of (await server.execute(['KEYS', '*'])) as string[]) {
      const [theirs, ours] = await both('DEBUG', 'DIGEST-VALUE', key)
      if (theirs.replace(/^\d+\r\n\+/, '') !== ours) differing.push(key)
    }
    expect(differing).toEqual([])
    expect(actual).toBe(expected)
  }

  test.each(['yes', 'no'])(
    'takes its snapshot, with repl-diskless-sync %s, and then all that it does',
    async (isDiskless) => {
      await primary.call('CONFIG', 'SET', 'repl-diskless-sync', isDiskless)
      await writeAtRandom(primary, `before ${isDiskless}`, 2_000)
      const server = await open()
      await server.execute(['SET', 'of before', 'goes'])
      await follow(server)
      await expectSame(server)
      await writeAtRandom(primary, `after ${isDiskless}`, 3_000)
      await expectSame(server)
      expect(await server.execute(['EXISTS', 'of before'])).toBe(0)
      await primary.call('FLUSHALL')
      await expectSame(server)
    },
  )

  test('what a module derives from keys follows redis-server, through snapshots too', async () => {
    const mirror = mirrorModule()
    const server = await open(undefined, {}, [mirror.module])
    for (const prefix of ['s', 'h', 'z']) await server.execute(['MIRROR.DEFINE', prefix])
    await writeAtRandom(primary, 'before yes', 500)
    await follow(server)
    await expectSame(server)
    await writeAtRandom(primary, 'after yes', 1_500)
    await expectSame(server)
    await mirror.idle()
    expect(mirror.entries().length).toBeGreaterThan(5)
    expect(mirror.entries()).toEqual(await mirror.rebuilt())
  })

  test('takes what chance, scripts, transactions and time decide there', async () => {
    const server = await open()
    await follow(server)
    await isUp(server)
    await primary.call('SADD', 'set', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j')
    await primary.call('SPOP', 'set', '4')
    await primary.call('XADD', 'stream', '*', 'a', '1')
    await primary.call('EVAL', "redis.call('SET', 't', redis.call('TIME')[2])", '0')
    await primary.call(
      'FUNCTION',
      'LOAD',
      "#!lua name=l\nredis.register_function{function_name='f', callback=function() return 7 end, flags={'no-writes'}}",
    )
    await primary.call('SELECT', '9')
    for (const request of [
      ['MULTI'],
      ['INCR', 'n'],
      ['LPUSH', 'l', 'x'],
      ['SELECT', '8'],
      ['SADD', 's', 'y'],
      ['SELECT', '9'],
      ['EXEC'],
    ]) {
      await primary.call(...request)
    }
    await primary.call('SET', 'later', 'there', 'EX', '1000')
    await expectSame(server)
    await primary.call('SET', 'soon', 'gone', 'PX', '30')
    // a follower shows no key whose time is up, and the primary says when it goes
    await expect.poll(() => primary.call('EXISTS', 'soon')).toBe(':0\r\n')
    await expectSame(server)
    await server.execute(['SELECT', '9'])
    expect(await server.execute(['KEYS', '*'])).toHaveLength(3)
    expect(await server.execute(['FCALL', 'f', '0'])).toBe(7)
    await primary.call('SELECT', '0')
  })

  test('says what it is, takes no writes, and lets clients go who wait for one', async () => {
    const server = await open()
    const waiting = await connect(server.address.port as number)
    const popped = waiting.call('BLPOP', 'list', '0')
    await expect.poll(() => info(server, 'blocked_clients')).toBe('1')
    await follow(server)
    expect(await popped).toMatch(/^-UNBLOCKED/)
    await isUp(server)
    const client = await connect(server.address.port as number)
    expect(await client.call('SET', 'k', 'v')).toMatch(/^-READONLY/)
    expect(await client.call('EVAL', "redis.call('SET', 'k', 'v')", '0')).toMatch(/READONLY/)
    expect(await server.execute(['ROLE'])).toMatchObject([
      'slave',
      '127.0.0.1',
      redis.port,
      'connected',
      expect.any(Number),
    ])
    expect(await info(server, 'role')).toBe('slave')
    expect(await primary.call('INFO', 'replication')).toContain(
      `port=${server.address.port},state=online`,
    )
    const page = formatPrometheus(server.metrics())
    expect(page).toContain('ashlar_resp_replica 1\n')
    expect(page).toContain('ashlar_resp_replica_link_up 1\n')
    expect(await follow(server)).toBe('OK Already connected to specified master')
    expect(await server.execute(['REPLICAOF', 'NO', 'ONE'])).toBe('OK')
    expect(await client.call('SET', 'k', 'v')).toBe('+OK\r\n')
    expect(await info(server, 'role')).toBe('master')
    expect(server.metrics().replication).toMatchObject({ isReplica: false, isLinkUp: false })
  })

  test('goes on after a restart where it was, and runs nothing twice', async () => {
    using folder = temporaryFolder()
    await primary.call('CONFIG', 'RESETSTAT')
    await primary.call('CONFIG', 'SET', 'repl-diskless-sync', 'yes')
    const first = await createServer({ path: folder.path, port: 0, config: DEBUG })
    await follow(first)
    await isUp(first)
    for (let n = 0; n < 100; n += 1) void primary.call('INCR', 'counter')
    await expectSame(first)
    await first.close()
    for (let n = 0; n < 100; n += 1) await primary.call('INCR', 'counter')
    const again = await open(folder.path)
    await expectSame(again)
    expect(await again.execute(['GET', 'counter'])).toBe('200')
    const stats = await primary.call('INFO', 'stats')
    expect(stats).toContain('sync_full:1')
    expect(stats).toContain('sync_partial_ok:1')
  })

  test('a password, and what is said without it', async () => {
    await primary.call('CONFIG', 'SET', 'requirepass', 'secret')
    onTestFinished(async () => void (await primary.call('CONFIG', 'SET', 'requirepass', '')))
    const server = await open()
    await follow(server)
    await expect.poll(() => info(server, 'ashlar_upstream_error')).toContain('NOAUTH')
    await server.execute(['CONFIG', 'SET', 'masterauth', 'secret'])
    await isUp(server)
  })
})

describe('a server that follows one which', () => {
  const scripted = async (): Promise<ScriptedPrimary> => {
    const primary = await ScriptedPrimary.start('a'.repeat(40))
    onTestFinished(() => primary.close())
    return primary
  }
  const follow = async (server: RespServer, primary: ScriptedPrimary): Promise<void> => {
    await server.execute(['REPLICAOF', '127.0.0.1', primary.port])
    await isUp(server)
  }
  const get = (server: RespServer, key: string) => (): Promise<unknown> =>
    server.execute(['GET', key])

  test('is cut off within a transaction runs nothing of it, and asks for all of it again', async () => {
    const primary = await scripted()
    const server = await open()
    await follow(server, primary)
    primary.send(['SET', 'whole', '1'], ['MULTI'], ['SET', 'half', '1'])
    await expect.poll(get(server, 'whole')).toBe('1')
    const asked = Promise.withResolvers<readonly string[]>()
    primary.onPsync = (_socket, args) => asked.resolve(args)
    primary.cut()
    // 31 bytes are those of the first command
    expect(await asked.promise).toEqual(['PSYNC', 'a'.repeat(40), '32'])
    expect(await server.execute(['EXISTS', 'half'])).toBe(0)
  })

  test('has keys whose time is up by the clock here decides when they go', async () => {
    const primary = await scripted()
    const server = await open()
    await follow(server, primary)
    primary.send(['SET', 'k', '1', 'PXAT', '1000'], ['INCR', 'k'], ['SET', 'seen', '1'])
    await expect.poll(get(server, 'seen')).toBe('1')
    expect(await server.execute(['GET', 'k'])).toBeUndefined()
    primary.send(['PERSIST', 'k'])
    await expect.poll(get(server, 'k')).toBe('2')
  })

  test('has become part of another history is followed under its new name', async () => {
    const primary = await scripted()
    const server = await open()
    await follow(server, primary)
    primary.onPsync = (socket) => void socket.write(`+CONTINUE ${'b'.repeat(40)}\r\n`)
    primary.cut()
    await expect.poll(() => info(server, 'master_replid')).toBe('b'.repeat(40))
    await isUp(server)
    primary.send(['SET', 'k', 'new'])
    await expect.poll(get(server, 'k')).toBe('new')
  })

  test('does what is not known here is not followed past it', async () => {
    const primary = await scripted()
    const server = await open()
    await follow(server, primary)
    primary.onPsync = (socket) => void socket.write('+CONTINUE\r\n')
    primary.send(['SET', 'k', '1'], ['FUTURE.SET', 'k', '2'], ['SET', 'k', '3'])
    await expect.poll(() => info(server, 'ashlar_upstream_error')).toContain('future.set')
    expect(await server.execute(['GET', 'k'])).toBe('1')
  })

  test('goes away: stale reads unless they are not wanted, and nobody to follow in the end', async () => {
    const primary = await scripted()
    const server = await open()
    const client = await connect(server.address.port as number)
    await follow(server, primary)
    primary.send(['SET', 'k', 'v'])
    await expect.poll(get(server, 'k')).toBe('v')
    primary.close()
    await expect.poll(() => info(server, 'master_link_status')).toBe('down')
    expect(await client.call('GET', 'k')).toBe('$1\r\nv\r\n')
    await client.call('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
    expect(await client.call('GET', 'k')).toMatch(/^-MASTERDOWN/)
    expect(await client.call('REPLICAOF', 'NO', 'ONE')).toBe('+OK\r\n')
    expect(await client.call('GET', 'k')).toBe('$1\r\nv\r\n')
  })

  test('sends a snapshot that cannot be read leaves nothing half there', async () => {
    const primary = await scripted()
    const server = await open()
    await server.execute(['SET', 'own', 'data'])
    primary.onPsync = (socket) =>
      void socket.write(`+FULLRESYNC ${'a'.repeat(40)} 0\r\n$5\r\nREDIS`)
    await server.execute(['REPLICAOF', '127.0.0.1', primary.port])
    await expect.poll(() => info(server, 'ashlar_upstream_error')).toContain('cannot be imported')
    expect(String(await server.execute(['GET', 'own']).catch(String))).toContain('LOADING')
    await server.execute(['REPLICAOF', 'NO', 'ONE'])
    expect(await server.execute(['DBSIZE'])).toBe(0)
  })

  test('speaks something else is said to', async () => {
    const primary = await scripted()
    const server = await open()
    primary.onPsync = (socket) => void socket.write('-ERR unknown command\r\n')
    await server.execute(['REPLICAOF', '127.0.0.1', primary.port])
    await expect.poll(() => info(server, 'ashlar_upstream_error')).toContain('PSYNC')
    await server
      .execute(['SET', 'k', 'v'])
      .catch((error) => expect(String(error)).toContain('READONLY'))
  })
})
