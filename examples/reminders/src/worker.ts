// The reminder service of many processes: one worker of it. The tasks are shared over NATS; reminders go
// out on standard output, as those of service.ts do.
import { parseArgs } from 'node:util'
import { ClusterScheduler, closeOnSignal } from '@ashlar/scheduler-core'
import { nats } from '@ashlar/transport/nats'
import { print, releaseOf } from './releases.ts'

const { values } = parseArgs({
  options: { release: { type: 'string' }, nats: { type: 'string' } },
})
const handlers = releaseOf(values.release)
const servers = values.nats ?? 'nats://127.0.0.1:4222'
const transport = await nats({ servers, name: 'reminders' })
const scheduler = await ClusterScheduler.open({
  transport,
  namespace: 'reminders',
  partitions: 4,
  leaseTtlMs: 2_000,
  handlers,
  keepAlive: true,
})
print({ listening: scheduler.id })
closeOnSignal([scheduler, transport])
