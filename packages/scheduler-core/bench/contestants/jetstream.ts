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
  const isHeir = existsSync(rounds)
  let round = isHeir ? Number(readFileSync(rounds, 'utf8')) : 0
  if (!isHeir) writeFileSync(rounds, '0')
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
  let opened: Promise<ClusterScheduler<Handlers>> | undefined
  const current = (): Promise<ClusterScheduler<Handlers>> => {
    opened ??= open(false, 1)
    return opened
  }
  const close = async (): Promise<void> => {
    await (await opened)?.close({ drainMs: 0 })
    opened = undefined
  }
  // who takes over from a killed process opens when it begins to run tasks, and not twice
  if (!isHeir) await current()
  const spec = ({ payload, dueAt, key }: Job) => ({ handler: 'task', payload, dueAt, key })
  return {
    schedule: async (job) => (await current()).schedule(spec(job)),
    scheduleMany: async (jobs) => (await current()).scheduleMany(jobs.map(spec)),
    async work(slots, handler) {
      run = handler
      await close()
      opened = open(true, slots)
      await opened
      return async () => {
        await close()
        await current()
      }
    },
    async clear() {
      await close()
      round += 1
      writeFileSync(rounds, String(round))
      await current()
    },
    bytesOnDisk: () => Promise.resolve(Number.NaN), // the server keeps a log, compacted now and then
    async memoryBytes() {
      await close()
      const { stdout } = await execute(process.execPath, [RESIDENT, natsUrl, `bench-${round}`])
      await current()
      return Number(stdout)
    },
    async close() {
      await close()
      await transport.close()
    },
  }
}
