import type { Row } from '@ashlar/bench-kit'
import { Queue, Worker } from 'bullmq'
import { BenchServer, PEER } from './servers.ts'

/** Jobs under way at once in one worker. */
const CONCURRENCY = 50
const JOBS_PER_CALL = 500

/** Jobs per second, from the first that is added to the last that is done. */
async function throughput(server: BenchServer, jobs: number): Promise<number> {
  const connection = { host: '127.0.0.1', port: server.port }
  const queue = new Queue('bench', { connection, defaultJobOptions: { removeOnComplete: true } })
  let done = 0
  let finish: (() => void) | undefined
  const work = async (): Promise<void> => {
    done += 1
    if (done === jobs) finish?.()
  }
  const worker = new Worker('bench', work, { connection, concurrency: CONCURRENCY })
  try {
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
    const finished = new Promise<void>((resolve, reject) => {
      finish = resolve
      worker.once('error', reject)
    })
    const start = performance.now()
    for (let from = 0; from < jobs; from += JOBS_PER_CALL) {
      await queue.addBulk(
        Array.from({ length: JOBS_PER_CALL }, (_, n) => ({ name: 'job', data: { n: from + n } })),
      )
    }
    await finished
    return (jobs * 1000) / (performance.now() - start)
  } finally {
    await Promise.all([worker.close(), queue.close()])
  }
}

/** BullMQ, unmodified, on both servers. */
export const bullmqRows: readonly Row[] = [
  {
    name: 'BullMQ jobs',
    unit: 'jobs/s',
    peer: PEER,
    must: 0.9,
    aim: 1,
    notes: `added ${JOBS_PER_CALL} a call and worked off by one worker, ${CONCURRENCY} at once`,
    rounds: 7,
    quickRounds: 3,
    async open({ quick }) {
      const jobs = quick ? 2000 : 10_000
      const [theirs, ours] = [await BenchServer.start('theirs'), await BenchServer.start('ours')]
      return {
        ours: () => throughput(ours, jobs),
        theirs: () => throughput(theirs, jobs),
        async close() {
          await Promise.all([ours.stop(), theirs.stop()])
        },
      }
    },
  },
]
