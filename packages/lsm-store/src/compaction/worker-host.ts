import { Worker } from 'node:worker_threads'
import type { Job, JobResult } from './job.ts'
import { fromFailure, type WorkerReply, type WorkerRequest } from './messages.ts'

/** An unused worker waits this long for a store that is opened again. */
const LINGER_MS = 2000

/** A store's share of the worker. */
export interface WorkerLease {
  run(job: Job): Promise<JobResult>
  /**
   * Cancels this lease's jobs; resolves when they touch no file any more. Their promises stay open.
   * The worker ends some time after its last lease.
   */
  release(): Promise<void>
}

interface Pending {
  readonly lease: WorkerLease
  readonly resolve: (result: JobResult) => void
  readonly reject: (error: unknown) => void
  /** Set when the job was cancelled: called once it has ended, one way or another. */
  onEnded: (() => void) | undefined
}

/** One worker thread, started for its first job, for all stores of this thread. */
class WorkerHost {
  leases = 0
  #worker: Worker | undefined
  readonly #pending: Map<number, Pending> = new Map()
  #lastId = 0

  run(lease: WorkerLease, job: Job): Promise<JobResult> {
    const worker = this.#worker ?? this.#start()
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { lease, resolve, reject, onEnded: undefined })
      // Somebody waits for this job: the process must not end before it.
      worker.ref()
      worker.postMessage({ type: 'run', id, job } satisfies WorkerRequest)
    })
  }

  async cancelAll(lease: WorkerLease): Promise<void> {
    const ended: Promise<void>[] = []
    for (const [id, pending] of this.#pending) {
      if (pending.lease !== lease) continue
      ended.push(
        new Promise((resolve) => {
          pending.onEnded = resolve
        }),
      )
      this.#worker?.postMessage({ type: 'cancel', id } satisfies WorkerRequest)
    }
    await Promise.all(ended)
  }

  /** Ends the thread unless somebody takes a lease soon. The wait keeps no process alive. */
  stopSoon(): void {
    const timer = setTimeout(() => {
      const worker = this.#worker
      if (this.leases > 0 || worker === undefined) return
      this.#worker = undefined
      // asked, not killed: a thread that is cut off in the middle of something can take the process along
      worker.postMessage({ type: 'stop' } satisfies WorkerRequest)
    }, LINGER_MS)
    timer.unref()
  }

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.resolve('#compaction-worker')))
    worker.on('message', (reply: WorkerReply) => this.#settle(reply))
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', (code) => this.#lose(worker, new Error(`compaction worker exited: ${code}`)))
    this.#worker = worker
    return worker
  }

  #settle(reply: WorkerReply): void {
    const pending = this.#pending.get(reply.id)
    if (pending === undefined) return
    this.#pending.delete(reply.id)
    if (this.#pending.size === 0) this.#worker?.unref()
    if (pending.onEnded !== undefined) pending.onEnded()
    else if (reply.type === 'done') pending.resolve(reply.result)
    else if (reply.type === 'failed') pending.reject(fromFailure(reply.failure))
  }

  /** The thread is gone: its jobs fail, and the next one starts another. */
  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const lost = [...this.#pending.values()]
    this.#pending.clear()
    for (const { onEnded, reject } of lost) {
      if (onEnded === undefined) reject(error)
      else onEnded()
    }
  }
}

let shared: WorkerHost | undefined

/** A share of the worker, which starts when it is first used. */
export function acquireWorker(): WorkerLease {
  shared ??= new WorkerHost()
  const host = shared
  host.leases += 1
  let released = false
  const lease: WorkerLease = {
    run: (job) => host.run(lease, job),
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
