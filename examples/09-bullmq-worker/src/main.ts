// BullMQ, unmodified, on a server within this process: a flow, retries, a delayed job and a
// scheduler; then a restart, after which the waiting jobs are worked off.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from '@ashlar/resp-server'
import { FlowProducer, type Job, Queue, QueueEvents, Worker } from 'bullmq'

const path = mkdtempSync(join(tmpdir(), 'bullmq-example-'))
let server = await createServer({ port: 0, path })
let connection = { host: '127.0.0.1', port: server.address.port ?? 0 }

const events = new QueueEvents('orders', { connection })
const flows = new FlowProducer({ connection })
const queue = new Queue('orders', { connection })
await events.waitUntilReady()

let shipments = 0
async function work(job: Job): Promise<unknown> {
  switch (job.name) {
    case 'pick':
      return `${job.data.item} picked`
    case 'pack':
      return Object.values(await job.getChildrenValues<string>())
        .sort()
        .join(', ')
    case 'ship':
      shipments += 1
      if (shipments < 3) throw new Error('the truck is late')
      return `shipped at attempt ${shipments}`
    default:
      return `${job.name} done`
  }
}
const worker = new Worker('orders', work, { connection, concurrency: 4 })

// a parent waits for its children
const pick = (item: string) => ({ name: 'pick', queueName: 'orders', data: { item } })
const { job } = await flows.add({
  name: 'pack',
  queueName: 'orders',
  children: [pick('stone'), pick('chisel')],
})
console.log('flow:', await job.waitUntilFinished(events))

// a failing job is tried again
const backoff = { type: 'fixed', delay: 20 }
const ship = await queue.add('ship', {}, { attempts: 5, backoff })
console.log('retried:', await ship.waitUntilFinished(events))

// a delayed job keeps its place until its time comes
const later = await queue.add('reminder', {}, { delay: 100 })
console.log('state:', await later.getState(), 'then', await later.waitUntilFinished(events))

// a scheduler makes a job every now and then
let ticks = 0
const ticked = new Promise<void>((resolve) => {
  worker.on('completed', ({ name }) => {
    if (name === 'tick') ticks += 1
    if (ticks === 3) resolve()
  })
})
await queue.upsertJobScheduler('clock', { every: 50 }, { name: 'tick' })
await ticked
await queue.removeJobScheduler('clock')
console.log('scheduled:', ticks >= 3)

// what waits when the server ends is there when it starts again
await worker.close()
await queue.addBulk(['sweep', 'lock up'].map((name) => ({ name, data: {} })))
await Promise.all([events.close(), flows.close(), queue.close()])
await server.close()

server = await createServer({ port: 0, path })
connection = { host: '127.0.0.1', port: server.address.port ?? 0 }
const names: string[] = []
const restarted = new Worker('orders', work, { connection, autorun: false })
const finished = new Promise<void>((resolve) => {
  restarted.on('completed', ({ name }) => {
    names.push(name)
    if (names.length === 2) resolve()
  })
})
void restarted.run()
await finished
console.log('after a restart:', names.join(', '))
await restarted.close()
await server.close()
rmSync(path, { recursive: true })
