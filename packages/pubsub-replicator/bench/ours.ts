import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Replicator } from '@ashlar/pubsub-replicator'
import { createMemoryHub, memory } from '@ashlar/transport'
import { recordOf } from './record.ts'
import type { Pair } from './run.ts'

const BATCH = 100

/** The replicator on two nodes. */
export async function openOurs(): Promise<Pair> {
  const root = await mkdtemp(join(tmpdir(), 'ashlar-bench-'))
  const hub = createMemoryHub()
  const transports = [memory({ hub }), memory({ hub })] as const
  const open = (node: string, index: 0 | 1): Promise<Replicator> =>
    Replicator.open({
      node,
      path: join(root, node),
      transport: transports[index],
      tables: [{ name: 't', publish: true }],
      storeOptions: { changeRetentionBytes: 512 * 1024 * 1024 },
    })
  const edge = await open('edge', 0)
  const cloud = await open('cloud', 1)
  const [from, to] = [edge.table('t'), cloud.table('t')]
  const subscription = cloud.subscribe({ table: 't', from: 'edge' })
  await subscription.catchUp()
  let id = 0

  const write = async (records: number): Promise<void> => {
    for (let written = 0; written < records; written += BATCH) {
      await edge.transaction((tx) => {
        const table = tx.table('t')
        for (let i = 0; i < BATCH; i += 1) {
          id += 1
          table.put(id, recordOf(id))
        }
      })
    }
  }
  const arrived = async (): Promise<void> => {
    while (to.getSync(id) === undefined) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    async lag() {
      id += 1
      const start = performance.now()
      const writing = from.put(id, recordOf(id))
      await arrived()
      const lagMs = performance.now() - start
      await writing
      return lagMs
    },
    async stream(records) {
      const start = performance.now()
      await write(records)
      await arrived()
      return (records * 1000) / (performance.now() - start)
    },
    async catchUp(records) {
      transports[1].disconnect()
      await write(records)
      const start = performance.now()
      transports[1].reconnect()
      await subscription.catchUp()
      return (records * 1000) / (performance.now() - start)
    },
    async close() {
      await edge.close()
      await cloud.close()
      await rm(root, { recursive: true })
    },
  }
}
