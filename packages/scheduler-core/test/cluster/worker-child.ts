// A member of a cluster that is killed, stopped and continued by its parent, which is told of every
// step before the next one.
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterScheduler } from '@ashlar/scheduler-core'
import { nats } from '@ashlar/transport/nats'

const [urls = '', name = '', ttl = '0', replicas = '1'] = process.argv.slice(2)

/** Resolves when the parent has it: what is told has happened, whatever happens next. */
function tell(line: object): Promise<void> {
  return new Promise((resolve) => {
    process.send?.({ ...line, by: name }, undefined, undefined, () => resolve())
  })
}

const transport = await nats({ servers: urls.split(','), streams: { replicas: Number(replicas) } })
const scheduler = await ClusterScheduler.open({
  transport,
  partitions: 4,
  leaseTtlMs: Number(ttl),
  drainMs: 1_000,
  concurrency: 20,
  handlers: {
    work: {
      retainMs: 600_000,
      backoff: { baseMs: 10 },
      run: async ({ n, runMs }: { n: number; runMs: number }, { task, fence }) => {
        const { key } = task
        await tell({ what: 'start', n, key, fence })
        await sleep(runMs)
        await tell({ what: 'end', n, key, fence })
        return name
      },
    },
  },
  events: {
    onPartitionOpened: ({ partition }) => void tell({ what: 'opened', n: partition }),
    onPartitionClosed: ({ partition, reason }) => void tell({ what: reason, n: partition }),
    onError: ({ error }) => void tell({ what: 'error', message: String(error) }),
  },
})
process.on('message', () => {
  void scheduler.close().then(() => process.exit(0))
})
await tell({ what: 'ready' })
