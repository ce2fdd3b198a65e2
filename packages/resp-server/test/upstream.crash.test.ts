import { freePort } from '@ashlar/transport/testing'
import { expect, onTestFinished, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'
import { ServerProcess } from './support/server-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** UPSTREAM_ROUNDS=200 for a long run. */
const ROUNDS = Number(process.env['UPSTREAM_ROUNDS'] ?? 4)

async function connect(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port)
  onTestFinished(() => client.close())
  return client
}

/** Counts on and adds to collections until it is told to stop. */
function writer(primary: RawClient): () => Promise<void> {
  let isStopped = false
  const run = async (): Promise<void> => {
    for (let n = 0; !isStopped; n += 1) {
      void primary.call('INCR', `counter ${n % 7}`)
      void primary.call('RPUSH', 'list', String(n))
      void primary.call('MULTI')
      void primary.call('HINCRBY', 'hash', String(n % 50), '1')
      void primary.call('INCR', 'transactions')
      await primary.call('EXEC')
    }
  }
  const running = run()
  return async () => {
    isStopped = true
    await running
  }
}

test('killed while it follows, and while it takes a snapshot: it ends with the same data', async () => {
  using folder = temporaryFolder()
  const debug = ['--enable-debug-command', 'yes']
  const redis = await RealRedis.start('--repl-diskless-sync-delay', '0', ...debug)
  onTestFinished(() => redis.stop())
  const primary = await connect(redis.port)
  await primary.call('DEBUG', 'POPULATE', '5000', 'filler', '100')
  const port = await freePort()
  const own = ['--port', String(port), '--dir', folder.path, ...debug]
  const upstream = ['--replicaof', '127.0.0.1', String(redis.port)]
  const stop = writer(primary)
  for (let round = 0; round < ROUNDS; round += 1) {
    // whom it follows is in the store after the first start
    const server = await ServerProcess.start(...own, ...(round === 0 ? upstream : []))
    const client = await connect(port)
    if (round % 2 === 1) {
      // until it runs commands, then a little longer: a batch is cut off somewhere
      await expect.poll(() => client.call('ROLE'), { timeout: 30_000 }).toContain('connected')
      for (let n = 0; n < round; n += 1) await client.call('PING')
    } else
      await expect.poll(() => client.call('ROLE'), { timeout: 30_000 }).toMatch(/sync|connected/)
    expect(await server.stop('SIGKILL')).toBe('SIGKILL')
  }
  await stop()
  const server = await ServerProcess.start(...own)
  onTestFinished(async () => void (await server.stop('SIGKILL')))
  const client = await connect(port)
  await expect.poll(() => client.call('ROLE'), { timeout: 30_000 }).toContain('connected')
  expect(await primary.call('WAIT', '1', '30000')).toBe(':1\r\n')
  expect(await client.call('GET', 'transactions')).toBe(await primary.call('GET', 'transactions'))
  expect(await client.call('LLEN', 'list')).toBe(await primary.call('LLEN', 'list'))
  expect(await client.call('DEBUG', 'DIGEST')).toBe(await primary.call('DEBUG', 'DIGEST'))
})
