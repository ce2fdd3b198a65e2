import { Logger, makeWorkerUtils, run as runWorker } from 'graphile-worker'
import type { Contestant, Job, Payload, Place } from './contestant.ts'

/** graphile-worker on PostgreSQL, with a local queue: its fastest form. Order by `queueName`. */
export async function openGraphile(
  { postgresUrl: connectionString }: Place,
  order: boolean,
): Promise<Contestant> {
  const logger = new Logger(() => () => {})
  const utils = await makeWorkerUtils({ connectionString, maxPoolSize: 10, logger })
  await utils.migrate()
  const options = ({ dueAt, key }: Job) => ({
    runAt: new Date(dueAt),
    maxAttempts: 3,
    ...(order && { queueName: key }),
  })
  return {
    schedule: (job) => utils.addJob('task', job.payload, options(job)),
    scheduleMany: (jobs) =>
      utils.addJobs(
        jobs.map((job) => ({ identifier: 'task', payload: job.payload, ...options(job) })),
      ),
    async work(slots, run) {
      const runner = await runWorker({
        connectionString,
        logger,
        maxPoolSize: 10,
        concurrency: slots,
        noHandleSignals: true,
        pollInterval: 500,
        taskList: { task: async (payload) => void (await run(payload as Payload)) },
        // a local queue does not know of named queues that are busy
        preset: order ? {} : { worker: { localQueue: { size: 200 } } },
      })
      return () => runner.stop()
    },
    clear: () =>
      utils.withPgClient(async (client) => {
        await client.query('TRUNCATE graphile_worker._private_jobs')
        await client.query('DELETE FROM graphile_worker._private_job_queues')
      }),
    bytesOnDisk: () =>
      utils.withPgClient(async (client) => {
        const { rows } = await client.query(
          "SELECT pg_total_relation_size('graphile_worker._private_jobs') AS bytes",
        )
        return Number(rows[0].bytes)
      }),
    memoryBytes: async () => Number.NaN,
    close: async () => {
      await utils.release()
    },
  }
}
