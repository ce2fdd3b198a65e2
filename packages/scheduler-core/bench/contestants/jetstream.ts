import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ClusterScheduler } from '@ashlar/scheduler-core'
import { nats } from '@ashlar/transport/nats'
import type { Contestant, Job, Payload, Place, Run } from './contestant.ts'

const execute = promisify(execFile)
const RESIDENT = fileURLToPath(new URL('./resident-jetstream.mjs', import.meta.url))
const PARTITIONS = 16

interface Handlers {
  readonly [name: string]: { readonly run: (payload: Payload) => unknown }
}

/** This package's cluster of one worker, on one nats-server with file storage: R1. */
export async function openJetStream({ natsUrl, folder }: Place): Promise<Contestant> {
  const transport = await nats({ servers: natsUrl })
  // a new process goes on where one that was killed has been
  const rounds = join(folder, 'round')
  let round = existsSync(rounds) ? Number(readFileSync(rounds, 'utf8')) : 0
  let run: Run = () => {}
  const open = async (runs: boolean, concurrency: number): Promise<ClusterScheduler<Handlers>> => {
    const scheduler = await ClusterScheduler.open<Handlers>({
      transport,
      namespace: `bench-${round}`,
      partitions: PARTITIONS,
      handlers: { task: { run: (payload) => run(payload) } },
      run: runs,
      concurrency,
      keepAlive: true,
    })
    await scheduler.counts() // all partitions have an owner: this member
    return scheduler
  }
  let scheduler = await open(false, 1)
  const reopen = async (runs: boolean, concurrency: number): Promise<void> => {
    await scheduler.close({ drainMs: 0 })
    scheduler = await open(runs, concurrency)
  }
  const spec = ({ payload, dueAt, key }: Job) => ({ handler: 'task', payload, dueAt, key })
  return {
    schedule: (job) => scheduler.schedule(spec(job)),
    scheduleMany: (jobs) => scheduler.scheduleMany(jobs.map(spec)),
    async work(slots, handler) {
      run = handler
      await reopen(true, slots)
      return () => reopen(false, 1)
    },
    async clear() {
      await scheduler.close({ drainMs: 0 })
      round += 1
      writeFileSync(rounds, String(round))
      scheduler = await open(false, 1)
    },
    bytesOnDisk: () => Promise.resolve(Number.NaN), // the server keeps a log, compacted now and then
    async memoryBytes() {
      await scheduler.close({ drainMs: 0 })
      const { stdout } = await execute(process.execPath, [RESIDENT, natsUrl, `bench-${round}`])
      scheduler = await open(false, 1)
      return Number(stdout)
    },
    async close() {
      await scheduler.close({ drainMs: 0 })
      await transport.close()
    },
  }
}
