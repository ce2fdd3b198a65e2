// A publisher and a subscriber in one process, busy until they are killed. Says what is committed.

import { Replicator } from '@ashlar/pubsub-replicator'
import { createMemoryHub, memory } from '@ashlar/transport'

const [folder = '', start = '0'] = process.argv.slice(2)
const hub = createMemoryHub()
const tables = ['t', 'u'].map((name) => ({ name, publish: true }))
const open = (node: string): Promise<Replicator> =>
  Replicator.open({
    node,
    path: `${folder}/${node}`,
    transport: memory({ hub }),
    tables,
    heartbeatMs: 20,
    storeOptions: { memtableBytes: 64 * 1024, tables: { compaction: 'inline' } },
  })

const edge = await open('edge')
const cloud = await open('cloud')
for (const table of ['t', 'u']) cloud.subscribe({ table, from: 'edge' })
for (let n = Number(start); ; n += 1) {
  await edge.transaction((tx) => {
    for (const table of ['t', 'u']) tx.table(table).put(n % 500, { n, text: 'x'.repeat(n % 200) })
  })
  // past 0 when the first snapshot of both is over
  const cursors = cloud.status().subscriptions.map(({ cursor }) => cursor)
  process.send?.({ committed: n, cursor: Math.min(...cursors) })
  if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
}
