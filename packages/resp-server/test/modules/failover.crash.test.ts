import { fileURLToPath } from 'node:url'
import { seededRandom } from '@ashlar/codec'
import { freePort, NatsServer } from '@ashlar/transport/testing'
import { expect, test } from 'vitest'
import {
  call,
  endNodes,
  type NodeProcess,
  startNode,
  untilPrimary,
} from '../support/node-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** MODULE_ROUNDS=50 for a soak. */
const ROUNDS = Number(process.env['MODULE_ROUNDS'] ?? 1)
const MODULE = fileURLToPath(new URL('../support/mirror-file.ts', import.meta.url))
const WRITES = 1500

/** Writes until the connection breaks. */
async function writeUntilCut(node: NodeProcess, seed: string, onWrite: () => void): Promise<void> {
  const client = await RawClient.connect(node.port)
  const random = seededRandom(seed)
  const below = (limit: number): number => Math.floor(random.next() * limit)
  const requests: readonly (() => string[])[] = [
    () => ['HSET', `h${below(50)}`, `f${below(20)}`, `${below(1000)}`],
    () => ['HDEL', `h${below(50)}`, `f${below(20)}`],
    () => ['SET', `s${below(50)}`, `${below(1000)}`],
    () => ['APPEND', `s${below(50)}`, 'x'],
    () => ['DEL', `h${below(50)}`],
    () => ['RENAME', `h${below(50)}`, `h${below(50)}`],
    () => ['PEXPIRE', `s${below(50)}`, `${1 + below(50)}`],
    () => ['MIRROR.PUT', `p${below(20)}`, `${below(5)}`, 'x'.repeat(below(9))],
    () => ['SWAPDB', '0', '1'],
  ]
  for (;;) {
    // swaps are rare
    const request = requests[below(random.next() < 0.02 ? requests.length : requests.length - 1)]
    const reply = await client.call(...(request as () => string[])())
    if (reply === 'closed') return
    onWrite()
  }
}

/** What the module derived is the same everywhere, and as if it were derived from scratch. */
async function expectSame(nodes: readonly NodeProcess[]): Promise<void> {
  await expect
    .poll(
      async () => {
        const primary = await untilPrimary(nodes)
        await call(primary, 'WAIT', String(nodes.length - 1), '20000')
        const replies = await Promise.all(
          nodes.flatMap((node) => [call(node, 'MIRROR.REBUILT'), call(node, 'MIRROR.LIST')]),
        )
        return new Set(replies).size
      },
      { timeout: 30_000, interval: 100 },
    )
    .toBe(1)
}

test('kill -9 of the primary: what a module derives is right on every node', {
  timeout: 300_000 + ROUNDS * 60_000,
}, async () => {
  const nats = await NatsServer.start()
  using folders = new DisposableStack()
  const nodes: NodeProcess[] = []
  const begin = (name: string, dir: string, port: number): Promise<NodeProcess> =>
    startNode(nats.url, name, dir, port, '--loadmodule', MODULE)
  try {
    for (const name of ['a', 'b', 'c']) {
      const { path } = folders.use(temporaryFolder())
      nodes.push(await begin(name, path, await freePort()))
    }
    for (const prefix of ['h', 's', 'p']) {
      expect(await call(await untilPrimary(nodes), 'MIRROR.DEFINE', prefix)).toBe('+OK\r\n')
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      const primary = await untilPrimary(nodes)
      const enough = Promise.withResolvers<void>()
      let count = 0
      const writing = writeUntilCut(primary, `round ${round}`, () => {
        count += 1
        if (count === WRITES) enough.resolve()
      })
      await enough.promise
      await primary.process.stop('SIGKILL')
      await writing
      const others = nodes.filter((node) => node !== primary)
      expect(await call(await untilPrimary(others), 'SET', 's0', 'after')).toBe('+OK\r\n')
      nodes[nodes.indexOf(primary)] = await begin(primary.name, primary.dir, primary.port)
      await expectSame(nodes)
      expect(await call(await untilPrimary(nodes), 'MIRROR.LIST')).toContain('after')
    }
  } finally {
    await endNodes(nodes)
    await nats.close()
  }
})
