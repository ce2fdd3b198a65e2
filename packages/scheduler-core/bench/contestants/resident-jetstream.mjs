// What a worker that has all partitions of a namespace needs: its resident bytes, on stdout.
import { ClusterScheduler } from '@ashlar/scheduler-core'
import { nats } from '@ashlar/transport/nats'

const [url = '', namespace = ''] = process.argv.slice(2)
const transport = await nats({ servers: url })
const scheduler = await ClusterScheduler.open({
  transport,
  namespace,
  handlers: { task: { run: () => {} } },
  keepAlive: true,
})
await scheduler.counts()
globalThis.gc?.()
process.stdout.write(String(process.memoryUsage.rss()))
await scheduler.close({ drainMs: 0 })
await transport.close()
