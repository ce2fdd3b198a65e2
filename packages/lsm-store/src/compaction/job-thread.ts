import { Worker } from 'node:worker_threads'
import type { Job, JobResult } from './job.ts'
import { fromFailure, type WorkerReply, type WorkerRequest } from './messages.ts'

interface Pending {
  /** Whose job it is. */
  readonly owner: object
  readonly resolve: (result: JobResult) => void
  readonly reject: (error: unknown) => void
  /** Set when the job was cancelled: called once it has ended, one way or another. */
  onEnded: (() => void) | undefined
}

/** One worker thread, and the jobs that it was given. */
export class JobThread {
  readonly #worker: Worker
  readonly #pending: Map<number, Pending> = new Map()
  readonly #onLost: (thread: JobThread) => void
  #lastId = 0

  /** `onLost` is called when the thread is gone without having been asked to stop. */
  constructor(onLost: (thread: JobThread) => void) {
    this.#onLost = onLost
    const worker = new Worker(new URL(import.meta.resolve('#compaction-worker')))
    worker.on('message', (reply: WorkerReply) => this.#settle(reply))
    worker.on('error', (error) => this.#lose(error))
    worker.on('exit', (code) => this.#lose(new Error(`compaction worker exited: ${code}`)))
    this.#worker = worker
  }

  /** Jobs that have not ended. */
  get pending(): number {
    return this.#pending.size
  }

  run(owner: object, job: Job): Promise<JobResult> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { owner, resolve, reject, onEnded: undefined })
      // Somebody waits for this job: the process must not end before it.
      this.#worker.ref()
      this.#worker.postMessage({ type: 'run', id, job } satisfies WorkerRequest)
    })
  }

  async cancelAll(owner: object): Promise<void> {
    const ended: Promise<void>[] = []
    for (const [id, pending] of this.#pending) {
      if (pending.owner !== owner) continue
      ended.push(
        new Promise((resolve) => {
          pending.onEnded = resolve
        }),
      )
      this.#worker.postMessage({ type: 'cancel', id } satisfies WorkerRequest)
    }
    await Promise.all(ended)
  }

  /** Asks the thread to end: one that is cut off in the middle of something can take the process along. */
  stop(): void {
    this.#worker.postMessage({ type: 'stop' } satisfies WorkerRequest)
  }

  #settle(reply: WorkerReply): void {
    const pending = this.#pending.get(reply.id)
    if (pending === undefined) return
    this.#pending.delete(reply.id)
    if (this.#pending.size === 0) this.#worker.unref()
    if (pending.onEnded !== undefined) pending.onEnded()
    else if (reply.type === 'done') pending.resolve(reply.result)
    else if (reply.type === 'failed') pending.reject(fromFailure(reply.failure))
  }

  /** The thread is gone: its jobs fail. */
  #lose(error: Error): void {
    this.#onLost(this)
    const lost = [...this.#pending.values()]
    this.#pending.clear()
    for (const { onEnded, reject } of lost) {
      if (onEnded === undefined) reject(error)
      else onEnded()
    }
  }
}
