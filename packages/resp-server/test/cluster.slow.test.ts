import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { freePort, NatsServer } from '@ashlar/transport/testing'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { RawClient } from './support/raw-client.ts'
import { ServerProcess } from './support/server-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const LEASE_MS = 1000
const run = promisify(execFile)

interface Node {
  readonly name: string
  readonly port: number
  readonly process: ServerProcess
}

const folders = new DisposableStack()
const nodes: Node[] = []
let nats: NatsServer

async function start(name: string, group: string): Promise<Node> {
  const port = await freePort()
  const process = await ServerProcess.start(
    ...['--port', String(port), '--dir', folders.use(temporaryFolder()).path],
    ...['--replication-transport', nats.url, '--replication-node', name],
    ...['--replication-group', group, '--replication-lease-ms', String(LEASE_MS)],
    ...['--cluster-enabled', 'yes'],
  )
  const node = { name, port, process }
  nodes.push(node)
  return node
}

async function call({ port }: Node, ...args: string[]): Promise<string> {
  const client = await RawClient.connect(port)
  const reply = await client.call(...args)
  client.close()
  return reply
}

const until = (check: () => Promise<unknown>): Promise<unknown> =>
  vi.waitFor(check, { timeout: 20_000, interval: 50 })

const untilReply = (node: Node, expected: RegExp, ...args: string[]): Promise<unknown> =>
  until(async () => expect(await call(node, ...args)).toMatch(expected))

beforeAll(async () => {
  nats = await NatsServer.start()
  const left = await start('left-1', 'left')
  const right = await start('right-1', 'right')
  for (const node of [left, right]) await untilReply(node, /master/, 'ROLE')
  await start('left-2', 'left')
  await untilReply(left, /:1\r\n$/, 'WAIT', '1', '1000')
  expect(await call(left, 'CLUSTER', 'ADDSLOTSRANGE', '0', '8191')).toBe('+OK\r\n')
  expect(await call(right, 'CLUSTER', 'ADDSLOTSRANGE', '8192', '16383')).toBe('+OK\r\n')
  for (const node of nodes) {
    await untilReply(node, /cluster_state:ok\r\n.*cluster_known_nodes:3/s, 'CLUSTER', 'INFO')
  }
}, 60_000)

afterAll(async () => {
  for (const { process } of nodes) {
    const { exitCode, signalCode } = process.child
    if (exitCode === null && signalCode === null) await process.stop('SIGKILL')
  }
  await nats.close()
  folders.dispose()
})

test('redis-cli -c follows redirections', async () => {
  const [left] = nodes as [Node]
  for (const key of ['foo', 'bar']) {
    const cli = async (...words: string[]): Promise<string> =>
      (await run('redis-cli', ['-c', '-p', String(left.port), ...words])).stdout.trim()
    expect(await cli('SET', key, `of ${key}`)).toBe('OK')
    expect(await cli('GET', key)).toBe(`of ${key}`)
  }
})

test('node-redis spreads keys and pipelines, and reads replicas', async () => {
  const cluster = createCluster({
    rootNodes: nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` })),
    useReplicas: true,
  })
  const errors: unknown[] = []
  cluster.on('error', (error) => errors.push(error))
  await cluster.connect()
  const names = Array.from({ length: 100 }, (_, n) => `node-redis:${n}`)
  await Promise.all(names.map((name) => cluster.set(name, `of ${name}`)))
  await untilReply(nodes[0] as Node, /:1\r\n/, 'WAIT', '1', '5000')
  const values = await Promise.all(names.map((name) => cluster.get(name)))
  expect(values).toEqual(names.map((name) => `of ${name}`))
  const replies = await cluster.multi().set('{t}a', '1').incr('{t}a').exec()
  expect(replies).toEqual(['OK', 2])
  await cluster.close()
  expect(errors).toEqual([])
})

test('ioredis goes on when a primary is killed, with what WAIT had confirmed', {
  timeout: 300_000,
}, async () => {
  const [left, , replica] = nodes as [Node, Node, Node]
  const cluster = new Cluster(
    nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    {
      slotsRefreshInterval: 500,
      clusterRetryStrategy: () => 100,
      redisOptions: { maxRetriesPerRequest: 50 },
    },
  )
  cluster.on('error', () => {}) // connections to the killed node
  const names = Array.from({ length: 100 }, (_, n) => `ioredis:${n}`)
  for (const name of names) await cluster.set(name, `of ${name}`)
  expect(await call(left, 'WAIT', '1', '5000')).toBe(':1\r\n')
  await left.process.stop('SIGKILL')
  await untilReply(replica, /master/, 'ROLE')
  for (const name of names) {
    const value = await until(async () => {
      const found = await cluster.get(name)
      expect(found).toBe(`of ${name}`)
      return found
    })
    expect(value).toBe(`of ${name}`)
  }
  await until(async () => expect(await cluster.set('bar', 'after')).toBe('OK'))
  expect(await cluster.get('bar')).toBe('after')
  cluster.disconnect()
})
