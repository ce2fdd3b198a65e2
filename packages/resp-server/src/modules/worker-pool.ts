import { Worker } from 'node:worker_threads'

export interface WorkerPoolOptions {
  /** A file that exports `run(input)`, called in the worker with each piece of work. */
  readonly url: URL
  /** Threads at most; they start when there is work. Default 1. */
  readonly threads?: number
  /** Pieces that wait for a thread; more are refused. Default 1000. */
  readonly maxQueued?: number
}

/** Threads for work that would hold up commands. */
export interface WorkerPool {
  /**
   * Runs `run(input)` in a thread. Input and output are cloned, `transfer` is handed over. Rejects
   * with what `run` threw, when the queue is full, and when the server closes.
   */
  run(input: unknown, transfer?: readonly ArrayBuffer[]): Promise<unknown>
}

interface Job {
  readonly input: unknown
  readonly transfer: readonly ArrayBuffer[]
  readonly resolve: (output: unknown) => void
  readonly reject: (error: Error) => void
}

/** What a thread runs: it needs no file of its own, so that it works from source and from dist. */
const LOOP = `
const { parentPort, workerData } = require('node:worker_threads')
const loaded = import(workerData)
loaded.catch(() => {})
parentPort.on('message', async (input) => {
  try {
    parentPort.postMessage({ output: await (await loaded).run(input) })
  } catch (error) {
    parentPort.postMessage({ error: String(error?.message ?? error) })
  }
})
`

/** {@link WorkerPool}, ended by its owner. */
export class Workers implements WorkerPool {
  readonly #options: Required<WorkerPoolOptions>
  readonly #idle: Worker[] = []
  readonly #busy = new Map<Worker, Job>()
  #queue: Job[] = []
  #isClosed = false

  constructor({ url, threads = 1, maxQueued = 1000 }: WorkerPoolOptions) {
    if (!(url instanceof URL)) throw new TypeError('url must be a URL')
    if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
      throw new RangeError(`threads must be between 1 and 64, got ${threads}`)
    }
    this.#options = { url, threads, maxQueued }
  }

  run(input: unknown, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new Error('the workers have ended'))
    if (this.#queue.length >= this.#options.maxQueued) {
      return Promise.reject(new Error(`${this.#options.maxQueued} pieces of work wait already`))
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ input, transfer, resolve, reject })
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const left = [...this.#busy.values(), ...this.#queue]
    const workers = [...this.#busy.keys(), ...this.#idle]
    this.#queue = []
    this.#busy.clear()
    for (const job of left) job.reject(new Error('the workers have ended'))
    await Promise.all(workers.map((worker) => worker.terminate()))
  }

  #next(): void {
    if (this.#queue.length === 0) return
    const worker = this.#idle.pop() ?? this.#start()
    if (worker === undefined) return
    const job = this.#queue.shift() as Job
    this.#busy.set(worker, job)
    try {
      worker.postMessage(job.input, [...job.transfer])
    } catch (error) {
      this.#done(worker, () => job.reject(asError(error)))
    }
  }

  /** undefined when all threads have work. */
  #start(): Worker | undefined {
    if (this.#busy.size >= this.#options.threads) return undefined
    const worker = new Worker(LOOP, { eval: true, workerData: this.#options.url.href })
    worker.unref()
    worker.on('message', ({ output, error }: { output?: unknown; error?: string }) => {
      const job = this.#busy.get(worker)
      this.#done(worker, () => {
        if (error === undefined) job?.resolve(output)
        else job?.reject(new Error(error))
      })
    })
    worker.on('error', (error: Error) => this.#lost(worker, error))
    worker.on('exit', (code) => this.#lost(worker, new Error(`the worker ended with ${code}`)))
    return worker
  }

  #done(worker: Worker, settle: () => void): void {
    this.#busy.delete(worker)
    if (!this.#isClosed) this.#idle.push(worker)
    settle()
    this.#next()
  }

  /** A thread that has died takes its piece of work with it. */
  #lost(worker: Worker, error: Error): void {
    const at = this.#idle.indexOf(worker)
    if (at !== -1) this.#idle.splice(at, 1)
    const job = this.#busy.get(worker)
    this.#busy.delete(worker)
    job?.reject(error)
    if (!this.#isClosed) this.#next()
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))
