import { join } from 'node:path'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { Contestant, Job, Payload, Place } from './contestant.ts'
import { bytesOf } from './ours.ts'

const NAME = 'bench'

/** Resolves when no append-only file is being rewritten, or about to be. */
async function rewritten(client: Redis): Promise<void> {
  for (;;) {
    const info = await client.info()
    const idle = info.includes('aof_rewrite_in_progress:0')
    if (idle && info.includes('aof_rewrite_scheduled:0')) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** BullMQ on a redis-server with an append-only file, synced every second. Promises no order. */
export async function openBullmq({ redisPort, redisFolder }: Place): Promise<Contestant> {
  const connection = { host: '127.0.0.1', port: redisPort }
  const queue = new Queue<Payload>(NAME, {
    connection,
    defaultJobOptions: { attempts: 3, removeOnComplete: true, removeOnFail: true },
  })
  const client = new Redis(redisPort)
  const wait = ({ dueAt }: Job): { delay?: number } => {
    const delay = dueAt - Date.now()
    return delay > 0 ? { delay } : {}
  }
  return {
    schedule: (job) => queue.add('task', job.payload, wait(job)),
    scheduleMany: (jobs) =>
      queue.addBulk(jobs.map((job) => ({ name: 'task', data: job.payload, opts: wait(job) }))),
    async work(slots, run) {
      const worker = new Worker<Payload>(NAME, async ({ data }) => void (await run(data)), {
        connection,
        concurrency: slots,
      })
      worker.on('error', (error) => console.error(error))
      await worker.waitUntilReady()
      return () => worker.close(true)
    },
    clear: async () => void (await client.flushall()),
    async bytesOnDisk() {
      // Redis may be at it already, by itself
      await rewritten(client)
      await client.bgrewriteaof()
      await rewritten(client)
      return bytesOf(join(redisFolder, 'appendonlydir'))
    },
    async memoryBytes() {
      return Number(/used_memory_rss:(\d+)/.exec(await client.info())?.[1])
    },
    async close() {
      await queue.close()
      await client.quit()
    },
  }
}
