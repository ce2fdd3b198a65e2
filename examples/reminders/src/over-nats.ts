import { ClusterScheduler, type HandlerMap } from '@ashlar/scheduler-core'
import { nats } from '@ashlar/transport/nats'
import { NatsServer } from '@ashlar/transport/testing'
import { type Deployed, deploy } from './deploy.ts'
import type { Ledger } from './ledger.ts'
import { PEOPLE, reminders, TOTAL } from './reminders.ts'

/** Two workers that share the tasks over NATS: one is killed, then both are replaced while others work. */
export async function playOverNats(ledger: Ledger): Promise<void> {
  const server = await NatsServer.start()
  const start = (release: string): Promise<Deployed> =>
    deploy({ release, on: { nats: server.url }, ...ledger.watching(release) })

  const old = await Promise.all([start('first'), start('first')])
  await schedule(server.url)
  console.log(`${TOTAL} reminders for ${PEOPLE.length} people are stored`)
  await ledger.reached(TOTAL / 3)
  await old[0].end('SIGKILL')
  console.log('one of two workers is killed when a third is sent')

  const young = await Promise.all([start('second'), start('second')])
  await old[1].end('SIGTERM')
  console.log('the second release has replaced the other one')
  await ledger.reached(TOTAL)
  await Promise.all(young.map((worker) => worker.end('SIGTERM')))
  await server.close()
}

/** By a member that runs nothing, as any service may be. */
async function schedule(servers: string): Promise<void> {
  const transport = await nats({ servers })
  const handlers: HandlerMap = {}
  const options = { transport, namespace: 'reminders', run: false, handlers }
  const scheduler = await ClusterScheduler.open(options)
  // With a unique key it may be said twice, should the owner be lost in the middle of it.
  const tasks = reminders(Date.now()).map((reminder) => ({
    ...reminder,
    uniqueKey: `${reminder.key} ${reminder.payload}`,
  }))
  await scheduler.scheduleMany(tasks)
  await scheduler.close()
  await transport.close()
}
