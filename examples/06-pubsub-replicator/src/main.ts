// An edge node in Seattle and a cloud node. Thresholds go down, alerts go up, readings stay where
// they are; then the edge is cut off, both go on writing, and both agree when it is back.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ReplicaSubscription, Replicator } from '@ashlar/pubsub-replicator'
import { createMemoryHub, memory } from '@ashlar/transport'

interface Threshold {
  readonly site: string
  readonly celsius: number
}

interface Alert {
  readonly site: string
  readonly celsius: number
  readonly seenBy?: string
}

const folder = await mkdtemp(join(tmpdir(), 'ashlar-example-'))
const hub = createMemoryHub()
const edgeConnection = memory({ hub })
const cloudConnection = memory({ hub })
const wire = watchTheWire()

const cloud = await Replicator.open({
  node: 'cloud',
  path: join(folder, 'cloud'),
  transport: cloudConnection,
  tables: [
    { name: 'thresholds', publish: true },
    { name: 'alerts', publish: true, merge: 'field' },
  ],
  events: {
    onConflict: ({ id, fields, winner, loser }) =>
      console.log(
        `cloud: conflict on ${String(id)}.${fields?.join()}: ` +
          `${winner.stamp.node} wins over ${loser.stamp.node}`,
      ),
  },
})
const edge = await Replicator.open({
  node: 'seattle',
  path: join(folder, 'seattle'),
  transport: edgeConnection,
  tables: [
    { name: 'thresholds' },
    { name: 'readings', publish: true },
    { name: 'alerts', publish: true, merge: 'field' },
  ],
})

const thresholds = edge.subscribe({
  table: 'thresholds',
  from: 'cloud',
  where: { field: 'site', eq: 'seattle' },
})
const alertsUp = cloud.subscribe({ table: 'alerts', from: 'seattle' })
const alertsDown = edge.subscribe({ table: 'alerts', from: 'cloud' })

// ---- only what is subscribed to moves ----

await cloud.table<Threshold>('thresholds').put('t1', { site: 'seattle', celsius: 30 })
await cloud.table<Threshold>('thresholds').put('t2', { site: 'new-york', celsius: 35 })
await thresholds.catchUp()
console.log(`edge: ${await edge.table('thresholds').count()} of 2 thresholds`)

await alertsUp.catchUp()
for (const [hour, celsius] of [24, 28, 31, 33, 29].entries()) await measure(hour, celsius)
await alertsUp.catchUp()
console.log(`edge: ${await edge.table('readings').count()} readings`)
console.log(`cloud: ${await cloud.table('alerts').count()} alerts, pushed as they were made`)
console.log(`wire: readings ${wire.has('reading-') ? 'moved' : 'did not move'}`)
console.log(`wire: thresholds of New York ${wire.has('new-york') ? 'moved' : 'did not move'}`)

// ---- cut off, both sides go on ----

edgeConnection.disconnect()
for (let hour = 5; hour < 500; hour += 1) await measure(hour, hour % 100 === 0 ? 32 : 20)
await edge.table<Alert>('alerts').patch('alert-2', { seenBy: 'guard' })
await new Promise((resolve) => setTimeout(resolve, 20)) // the operator is the later one
await cloud.table<Alert>('alerts').patch('alert-2', { seenBy: 'operator' })
await cloud.table<Alert>('alerts').delete('alert-3')
await cloud.table<Threshold>('thresholds').patch('t1', { celsius: 25 })
console.log(
  `cut off: the cloud has ${await cloud.table('alerts').count()} alert, the operator closed one`,
)

edgeConnection.reconnect()
await Promise.all([thresholds, alertsUp, alertsDown].map((subscription) => subscription.catchUp()))
console.log(`healed: the cloud has ${await cloud.table('alerts').count()} alerts`)
console.log(
  `healed: the edge alerts from ${edge.table<Threshold>('thresholds').getSync('t1')?.celsius} on`,
)
console.log(
  `healed: alert-2 was seen by the ${cloud.table<Alert>('alerts').getSync('alert-2')?.seenBy}`,
)
console.log(
  `healed: both hold the same alerts: ${(await alertsOf(edge)) === (await alertsOf(cloud))}`,
)
report(alertsUp)

await edge.close()
await cloud.close()
await wire.stop()
await rm(folder, { recursive: true })

/** Stores a reading and, above the threshold, an alert with it: both or none. */
async function measure(hour: number, celsius: number): Promise<void> {
  await edge.transaction((tx) => {
    tx.table('readings').put(`reading-${hour}`, { celsius })
    const limit = tx.table<Threshold>('thresholds').get('t1')?.celsius ?? Number.POSITIVE_INFINITY
    if (celsius <= limit) return
    tx.table<Alert>('alerts').put(`alert-${hour}`, { site: 'seattle', celsius })
  })
}

async function alertsOf(node: Replicator): Promise<string> {
  return JSON.stringify(await Array.fromAsync(node.table('alerts').scan()))
}

function report(subscription: ReplicaSubscription): void {
  for (const { publisher, state, lagRecords, snapshots } of subscription.status()) {
    console.log(
      `status: alerts from ${publisher}: ${state}, ${lagRecords} behind, ${snapshots} snapshot taken`,
    )
  }
}

/** Listens to everything that is published, as a curious neighbour could. */
function watchTheWire(): { has(text: string): boolean; stop(): Promise<void> } {
  const tap = memory({ hub })
  const seen: Buffer[] = []
  const listening = (async () => {
    for await (const { payload } of tap.subscribe('>')) seen.push(Buffer.from(payload))
  })()
  return {
    has: (text) => seen.some((payload) => payload.includes(text)),
    async stop() {
      await tap.close()
      await listening
    },
  }
}
