import { once } from 'node:events'
import { freePort } from '@ashlar/transport/testing'
import { expect, onTestFinished, test } from 'vitest'
import { expectSame, infoLine, untilLinked } from './support/followed.ts'
import { RawClient } from './support/raw-client.ts'
import { RawReplica } from './support/raw-replica.ts'
import { RealRedis } from './support/redis-server.ts'
import { ServerProcess } from './support/server-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** DOWNSTREAM_KILLS=100 for a long run. */
const KILLS = Number(process.env['DOWNSTREAM_KILLS'] ?? 1)
/** Nothing here takes so long, but on a machine that does much else. */
const LONG = { timeout: 30_000 }
const DEBUG = ['--enable-debug-command', 'yes']

async function connect(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port)
  onTestFinished(() => client.close())
  return client
}

/** Writes until it is told to stop, or its server is gone. */
function writer(client: RawClient): () => Promise<void> {
  let isStopped = false
  const running = (async () => {
    for (let n = 0; !isStopped && !client.isClosed; n += 1) {
      void client.call('INCR', 'counter')
      void client.call('SADD', 'set', String(n))
      void client.call('MULTI')
      void client.call('HINCRBY', 'hash', String(n % 50), '1')
      void client.call('INCR', 'transactions')
      void client.call('EXEC')
      await client.call('SPOP', 'set')
    }
  })()
  return async () => {
    isStopped = true
    await running
  }
}

const numberAt = async (client: RawClient, key: string): Promise<number> =>
  Number((await client.call('GET', key)).split('\r\n')[1] ?? 0)

test.each(['always', 'everysec'])(
  'killed under appendfsync %s, this server has all that its replica has, which begins anew',
  { timeout: 300_000 + KILLS * 60_000 },
  async (mode) => {
    using folder = temporaryFolder()
    const port = await freePort()
    const own = ['--port', String(port), '--dir', folder.path, '--appendfsync', mode, ...DEBUG]
    const redis = await RealRedis.start('--replicaof', `127.0.0.1 ${port}`, ...DEBUG)
    onTestFinished(() => redis.stop())
    const replica = await connect(redis.port)
    for (let kills = 0; kills < KILLS; kills += 1) {
      const server = await ServerProcess.start(...own)
      await untilLinked(replica)
      const stop = writer(await connect(port))
      const before = await numberAt(replica, 'transactions')
      const reached = (): Promise<number> => numberAt(replica, 'transactions')
      await expect.poll(reached, LONG).toBeGreaterThan(before + 20)
      await server.stop('SIGKILL')
      await stop()
      await expect.poll(() => infoLine(replica, 'master_link_status'), LONG).toBe('down')
      const [counted, transactions] = [
        await numberAt(replica, 'counter'),
        await numberAt(replica, 'transactions'),
      ]
      // nobody may connect before it is looked at
      const alone = await ServerProcess.start(...own.with(1, String(await freePort())))
      const client = await connect(alone.port)
      expect(await numberAt(client, 'counter')).toBeGreaterThanOrEqual(counted)
      expect(await numberAt(client, 'transactions')).toBeGreaterThanOrEqual(transactions)
      await alone.stop('SIGKILL')
    }
    const server = await ServerProcess.start(...own)
    onTestFinished(async () => void (await server.stop('SIGKILL')))
    const primary = await connect(port)
    await expectSame(primary, replica)
    // both fields of each transaction, or none
    const sum =
      "local s = 0 for _, v in ipairs(redis.call('HVALS', 'hash')) do s = s + v end return s"
    expect(await replica.call('EVAL', sum, '0')).toBe(
      `:${await numberAt(replica, 'transactions')}\r\n`,
    )
  },
)

test('restarted in order, replicas go on; killed, they begin anew', {
  timeout: 300_000,
}, async () => {
  using folder = temporaryFolder()
  using other = temporaryFolder()
  const port = await freePort()
  const own = ['--port', String(port), '--dir', folder.path, ...DEBUG]
  const follows = ['--replicaof', `127.0.0.1 ${port}`, ...DEBUG]
  let server = await ServerProcess.start(...own)
  onTestFinished(async () => void (await server.stop('SIGKILL')))
  const redis = await RealRedis.start(...follows)
  onTestFinished(() => redis.stop())
  const mirror = await ServerProcess.start('--port', '0', '--dir', other.path, ...follows)
  onTestFinished(async () => void (await mirror.stop('SIGKILL')))
  const replicas = [await connect(redis.port), await connect(mirror.port)]
  // each end, and what the replicas are given by the next: full copies, and parts
  for (const [end, full, partial] of [
    ['SIGTERM', '0', '2'],
    ['SIGKILL', '2', '0'],
  ] as const) {
    const before = await numberAt(await connect(port), 'transactions')
    for (const replica of replicas) await untilLinked(replica)
    const stop = writer(await connect(port))
    for (const replica of replicas) {
      const reached = (): Promise<number> => numberAt(replica, 'transactions')
      await expect.poll(reached, LONG).toBeGreaterThan(before + 20)
    }
    await server.stop(end)
    await stop()
    for (const replica of replicas) {
      await expect.poll(() => infoLine(replica, 'master_link_status'), LONG).toBe('down')
    }
    server = await ServerProcess.start(...own)
    const primary = await connect(port)
    for (const replica of replicas) await expectSame(primary, replica)
    expect(await infoLine(primary, 'sync_full')).toBe(full)
    expect(await infoLine(primary, 'sync_partial_ok')).toBe(partial)
  }
})

test('killed, a replica goes on where it was', { timeout: 300_000 + KILLS * 60_000 }, async () => {
  using folder = temporaryFolder()
  using other = temporaryFolder()
  const backlog = ['--repl-backlog-size', '100mb']
  const primaryArgs = ['--port', '0', '--dir', folder.path, ...backlog, ...DEBUG]
  const primaryProcess = await ServerProcess.start(...primaryArgs)
  onTestFinished(async () => void (await primaryProcess.stop('SIGKILL')))
  const primary = await connect(primaryProcess.port)
  const stop = writer(primary)
  const args = ['--port', '0', '--dir', other.path, ...DEBUG]
  const upstream = ['--replicaof', '127.0.0.1', String(primaryProcess.port)]
  for (let kills = 0; kills < KILLS; kills += 1) {
    const replica = await ServerProcess.start(...args, ...(kills === 0 ? upstream : []))
    const client = await connect(replica.port)
    await untilLinked(client)
    const before = await numberAt(client, 'counter')
    await expect.poll(() => numberAt(client, 'counter'), LONG).toBeGreaterThan(before + 20)
    await replica.stop('SIGKILL')
  }
  const replica = await ServerProcess.start(...args)
  onTestFinished(async () => void (await replica.stop('SIGKILL')))
  const client = await connect(replica.port)
  await untilLinked(client)
  await stop()
  expect(await primary.call('WAIT', '1', '20000')).toBe(':1\r\n')
  await expectSame(primary, client)
  expect(await numberAt(client, 'counter')).toBe(await numberAt(primary, 'counter'))
  expect(await infoLine(primary, 'sync_full')).toBe('1')
})

test('a script that is cut off half-way reaches no replica, as it reaches no disk', async () => {
  using folder = temporaryFolder()
  const threshold = ['--busy-reply-threshold', '20']
  const server = await ServerProcess.start('--port', '0', '--dir', folder.path, ...threshold)
  onTestFinished(() => void server.child.kill('SIGKILL'))
  const client = await connect(server.port)
  const other = await connect(server.port)
  const replica = await RawReplica.connect(server.port)
  onTestFinished(() => replica.close())
  await client.call('SET', 'whole', '1')
  expect(await replica.next(2)).toEqual(['SELECT 0', 'SET whole 1'])
  const running = client.call('EVAL', "redis.call('SET','half','1') while true do end", '0')
  await expect.poll(() => other.call('PING'), LONG).toMatch(/^-BUSY/)
  const exited = once(server.child, 'exit')
  void other.call('SHUTDOWN', 'NOSAVE')
  await running
  await exited
  await expect(replica.next(1)).rejects.toThrow('closed')
})
