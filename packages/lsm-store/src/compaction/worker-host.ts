import type { Job, JobResult } from './job.ts'
import { JobThread } from './job-thread.ts'

/** Unused threads wait this long for a store that is opened again. */
const LINGER_MS = 2000

/** A store's share of the threads. */
export interface WorkerLease {
  run(job: Job): Promise<JobResult>
  /**
   * Cancels this lease's jobs; resolves when they touch no file any more. Their promises stay open.
   * The threads end some time after the last lease.
   */
  release(): Promise<void>
}

/** Threads for the work of all stores of this thread. Each starts when there is work for it. */
class WorkerHost {
  leases = 0
  #threads: JobThread[] = []

  /** Runs a job in a thread that does nothing, in a new one of up to `most`, or where least is to do. */
  run(lease: WorkerLease, job: Job, most: number): Promise<JobResult> {
    return this.#threadFor(job, most).run(lease, job)
  }

  #threadFor(job: Job, most: number): JobThread {
    const [first, ...others] = [...this.#threads].sort((a, b) => a.pending - b.pending)
    if (first === undefined) return this.#start()
    // A flush goes before whatever its thread does: it needs none of its own.
    const isEnough = first.pending === 0 || others.length + 1 >= most || job.kind === 'flush'
    return isEnough ? first : this.#start()
  }

  #start(): JobThread {
    const thread = new JobThread((lost) => {
      this.#threads = this.#threads.filter((other) => other !== lost)
    })
    this.#threads.push(thread)
    return thread
  }

  async cancelAll(lease: WorkerLease): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.cancelAll(lease)))
  }

  /** Ends the threads unless somebody takes a lease soon. The wait keeps no process alive. */
  stopSoon(): void {
    const timer = setTimeout(() => {
      if (this.leases > 0) return
      for (const thread of this.#threads) thread.stop()
      this.#threads = []
    }, LINGER_MS)
    timer.unref()
  }
}

let shared: WorkerHost | undefined

/** A share of the threads, of which its work uses so many at most. */
export function acquireWorkers(threads: number): WorkerLease {
  shared ??= new WorkerHost()
  const host = shared
  host.leases += 1
  let released = false
  const lease: WorkerLease = {
    run: (job) => host.run(lease, job, threads),
    async release() {
      if (released) return
      released = true
      await host.cancelAll(lease)
      host.leases -= 1
      if (host.leases === 0) host.stopSoon()
    },
  }
  return lease
}
