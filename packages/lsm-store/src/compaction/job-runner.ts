import type { Clock } from '@ashlar/codec'
import type { FileSystem } from '../fs/file-system.ts'
import type { Job, JobResult } from './job.ts'
import { JobScheduler } from './job-scheduler.ts'
import { acquireWorkers, type WorkerLease } from './worker-host.ts'

/** Where a store's background work runs. */
export interface JobRunner {
  run(job: Job): Promise<JobResult>
  /** Cancels what runs; resolves when it touches no file any more. Its promises stay open. */
  close(): Promise<void>
}

/** On this thread, between turns of the event loop. */
export function inlineRunner(fileSystem: FileSystem, clock: Clock): JobRunner {
  const scheduler = new JobScheduler(fileSystem, clock)
  const running = new Set<number>()
  let lastId = 0
  return {
    run(job) {
      const id = ++lastId
      running.add(id)
      const done = new Promise<JobResult>((resolve, reject) => {
        scheduler.run(id, job, resolve, reject)
      })
      return done.finally(() => running.delete(id))
    },
    async close() {
      for (const id of running) scheduler.cancel(id)
    },
  }
}

/** In the worker threads that all stores of this process share. They start with the jobs. */
export function workerRunner(threads: number): JobRunner {
  let lease: WorkerLease | undefined
  return {
    run(job) {
      lease ??= acquireWorkers(threads)
      return lease.run(job)
    },
    async close() {
      await lease?.release()
    },
  }
}
