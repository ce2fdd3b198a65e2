import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { fromPglite, PgBoss } from 'pg-boss'
import type { Contestant, Job, Payload, Place } from './contestant.ts'
import { bytesOf } from './ours.ts'

const QUEUE = 'bench'
/** The shortest that pg-boss allows. */
const HEARTBEAT_S = 10

/** pg-boss on a PostgreSQL server; with `order`, in queues of the policy `key_strict_fifo`. */
export async function openPgBoss(place: Place, order: boolean): Promise<Contestant> {
  const boss = new PgBoss({ connectionString: place.postgresUrl, ...QUIET })
  return start(boss, order, async () => {
    const { rows } = await boss
      .getDb()
      .executeSql(
        "SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'pgboss' AND c.relkind = 'r'",
      )
    return Number(rows[0].bytes)
  })
}

/** pg-boss on PGlite: PostgreSQL as WebAssembly, in this process, in a folder. */
export async function openPglite({ folder }: Place, order: boolean): Promise<Contestant> {
  const path = join(folder, 'pglite')
  const pglite = await PGlite.create(path)
  const boss = new PgBoss({ db: fromPglite(pglite), backend: 'pglite', ...QUIET })
  const contestant = await start(boss, order, async () => {
    await pglite.exec('CHECKPOINT')
    return bytesOf(join(path, 'base'))
  })
  return {
    ...contestant,
    async close() {
      await contestant.close()
      await pglite.close()
    },
  }
}

const QUIET = {
  schedule: false,
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
  max: 10,
} as const

async function start(
  boss: PgBoss,
  order: boolean,
  bytesOnDisk: () => Promise<number>,
): Promise<Contestant> {
  boss.on('error', (error) => console.error(error))
  await boss.start()
  const queue = order ? `${QUEUE}-fifo` : QUEUE
  await boss.createQueue(queue, {
    policy: order ? 'key_strict_fifo' : 'standard',
    retryLimit: 3,
    heartbeatSeconds: HEARTBEAT_S,
  })
  const options = ({ dueAt, key }: Job) => ({
    startAfter: new Date(dueAt),
    ...(order && { singletonKey: key }),
  })
  return {
    schedule: (job) => boss.send(queue, job.payload, options(job)),
    // its `insert` keeps no order within a key (measured), so that is only used where none is asked
    scheduleMany: order
      ? async (jobs) => {
          for (const job of jobs) await boss.send(queue, job.payload, options(job))
        }
      : (jobs) =>
          boss.insert(
            queue,
            jobs.map((job) => ({ data: job.payload, ...options(job) })),
          ),
    async work(slots, run) {
      await boss.work<Payload>(
        queue,
        { batchSize: slots, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
        async (jobs) => void (await Promise.all(jobs.map(({ data }) => run(data)))),
      )
      return () => boss.offWork(queue)
    },
    clear: async () => void (await boss.deleteAllJobs(queue)),
    bytesOnDisk,
    memoryBytes: async () => process.memoryUsage.rss(),
    close: () => boss.stop({ graceful: false, close: true }),
  }
}
