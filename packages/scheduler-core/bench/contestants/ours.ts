import { execFile } from 'node:child_process'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Scheduler } from '@ashlar/scheduler-core'
import type { Contestant, Job, Payload, Place, Run } from './contestant.ts'

const execute = promisify(execFile)
const RESIDENT = fileURLToPath(new URL('./resident.mjs', import.meta.url))

interface Handlers {
  readonly [name: string]: { readonly run: (payload: Payload) => unknown }
}

/** The scheduler of this package: embedded, the store's default sync mode `interval`. */
export async function openOurs({ folder }: Place): Promise<Contestant> {
  const path = join(folder, 'tasks')
  let run: Run = () => {}
  const open = (runs: boolean, concurrency: number): Promise<Scheduler<Handlers>> =>
    Scheduler.open<Handlers>({
      path,
      handlers: { task: { run: (payload) => run(payload) } },
      run: runs,
      concurrency,
    })
  // Opened by what is asked first, as a service opens it: once.
  let opened: Scheduler<Handlers> | undefined
  const any = async (): Promise<Scheduler<Handlers>> => {
    opened ??= await open(false, 1)
    return opened
  }
  const close = async (): Promise<void> => {
    await opened?.close({ drainMs: 0 })
    opened = undefined
  }
  const reopen = async (runs: boolean, concurrency: number): Promise<void> => {
    await close()
    opened = await open(runs, concurrency)
  }
  const spec = ({ payload, dueAt, key }: Job) => ({ handler: 'task', payload, dueAt, key })
  return {
    schedule: async (job) => (opened ?? (await any())).schedule(spec(job)),
    scheduleMany: async (jobs) => (opened ?? (await any())).scheduleMany(jobs.map(spec)),
    async work(slots, handler) {
      run = handler
      await reopen(true, slots)
      return () => reopen(false, 1)
    },
    async clear() {
      await close()
      rmSync(path, { recursive: true, force: true })
    },
    async bytesOnDisk() {
      await reopen(false, 1)
      return bytesOf(path)
    },
    async memoryBytes() {
      await close()
      const { stdout } = await execute(process.execPath, [RESIDENT, path])
      return Number(stdout)
    },
    close,
  }
}

/** Bytes of all files under a folder. */
export function bytesOf(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    bytes += entry.isDirectory() ? bytesOf(path) : statSync(path).blocks * 512
  }
  return bytes
}
