import { freePort, NatsServer } from '@ashlar/transport/testing'
import { expect, test, vi } from 'vitest'
import {
  call,
  endNodes,
  type NodeProcess,
  startNode,
  untilPrimary,
} from './support/node-process.ts'
import { RawClient } from './support/raw-client.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** FAILOVER_ROUNDS=50 for a soak. */
const ROUNDS = Number(process.env['FAILOVER_ROUNDS'] ?? 2)

/** Resolves when a replica has everything that the primary has executed. */
async function untilReplicated(primary: NodeProcess): Promise<void> {
  expect(await call(primary, 'WAIT', '1', '20000')).toBe(':1\r\n')
}

interface Acknowledged {
  /** The last number that WAIT said is on a replica. */
  waited: number
  /** The last number that was answered. */
  answered: number
}

/** Pushes 1, 2, 3, ... until the connection breaks. */
async function writeUntilCut(node: NodeProcess, from: number, told: Acknowledged): Promise<void> {
  const client = await RawClient.connect(node.port)
  for (let n = from; ; n += 1) {
    const reply = await client.call('RPUSH', 'numbers', String(n))
    if (!reply.startsWith(':')) return
    told.answered = n
    const count = await client.call('WAIT', '1', '1000')
    if (count === 'closed') return
    if (count === ':1\r\n') told.waited = n
  }
}

/** How many numbers there are; fails when one is missing in between. */
async function numbersOf(node: NodeProcess): Promise<number> {
  const reply = await call(node, 'LRANGE', 'numbers', '0', '-1')
  const numbers = [...reply.matchAll(/\r\n(\d+)(?=\r\n)/g)].map(([, number]) => Number(number))
  expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  return numbers.length
}

test('kill -9 of the primary: what WAIT confirmed is on the next one, and what is there has no gap', {
  timeout: 300_000 + ROUNDS * 60_000,
}, async () => {
  const nats = await NatsServer.start()
  using folders = new DisposableStack()
  const nodes: NodeProcess[] = []
  try {
    for (const name of ['a', 'b']) {
      const { path } = folders.use(temporaryFolder())
      nodes.push(await startNode(nats.url, name, path, await freePort()))
    }
    for (let round = 0, from = 1; round < ROUNDS; round += 1) {
      const primary = await untilPrimary(nodes)
      const replica = nodes.find((node) => node !== primary) as NodeProcess
      await untilReplicated(primary)
      const told: Acknowledged = { waited: 0, answered: 0 }
      const writing = writeUntilCut(primary, from, told)
      await vi.waitFor(() => expect(told.waited).toBeGreaterThan(from + 100), { timeout: 20_000 })
      await primary.process.stop('SIGKILL')
      await writing
      await untilPrimary([replica])
      const left = await numbersOf(replica)
      expect(left).toBeGreaterThanOrEqual(told.waited)
      expect(left).toBeLessThanOrEqual(told.answered + 1)
      nodes[nodes.indexOf(primary)] = await startNode(
        nats.url,
        primary.name,
        primary.dir,
        primary.port,
      )
      await untilReplicated(replica)
      for (const node of nodes) expect(await numbersOf(node)).toBe(left)
      from = left + 1
    }
  } finally {
    await endNodes(nodes)
    await nats.close()
  }
})

test('a primary that was frozen and replaced takes no write when it wakes up', {
  timeout: 300_000,
}, async () => {
  const nats = await NatsServer.start()
  using folders = new DisposableStack()
  const nodes: NodeProcess[] = []
  try {
    for (const name of ['a', 'b']) {
      const { path } = folders.use(temporaryFolder())
      nodes.push(await startNode(nats.url, name, path, await freePort()))
    }
    const primary = await untilPrimary(nodes)
    const replica = nodes.find((node) => node !== primary) as NodeProcess
    await untilReplicated(primary)
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(primary.port)))
    for (const client of clients) expect(await client.call('PING')).toBe('+PONG\r\n')
    primary.process.child.kill('SIGSTOP')
    await untilPrimary([replica])
    expect(await call(replica, 'SET', 'by', 'the new one')).toBe('+OK\r\n')
    // these are in its socket before it knows anything
    const replies = clients.map((client) => client.call('SET', 'by', 'the old one'))
    primary.process.child.kill('SIGCONT')
    for (const reply of replies) expect(await reply).toMatch(/^-READONLY/)
    await untilReplicated(replica)
    for (const node of nodes) expect(await call(node, 'GET', 'by')).toBe('$11\r\nthe new one\r\n')
  } finally {
    await endNodes(nodes)
    await nats.close()
  }
})
