import { type Clock, systemClock, type Timer } from '@ashlar/codec'
import type { FileSystem } from '../fs/file-system.ts'
import type { Job, JobResult } from './job.ts'
import { runJob } from './run-job.ts'

/** A job with the callbacks for its end. */
interface Running {
  readonly id: number
  readonly urgent: boolean
  readonly bytesPerSecond: number
  readonly steps: Generator<number, JobResult, void>
  readonly onDone: (result: JobResult) => void
  readonly onFailed: (error: unknown) => void
  /** When its next slice is due, by the clock's `monotonic()`. */
  dueMs: number
}

/**
 * Runs jobs on one thread, slice by slice. A flush goes before any compaction, also one that is
 * under way: writers wait for flushes. Compactions take turns, each no faster than it may write.
 */
export class JobScheduler {
  readonly #fileSystem: FileSystem
  readonly #clock: Clock
  #jobs: Running[] = []
  #scheduled = false
  /** Runs when the next compaction may go on. */
  #pause: Timer | undefined

  constructor(fileSystem: FileSystem, clock: Clock = systemClock) {
    this.#fileSystem = fileSystem
    this.#clock = clock
  }

  run(
    id: number,
    job: Job,
    onDone: (result: JobResult) => void,
    onFailed: (error: unknown) => void,
  ): void {
    const steps = runJob(job, this.#fileSystem)
    // Nobody's write waits for tables that are made for an ingest.
    const urgent = job.kind === 'flush' && job.ingestedAfter === undefined
    const bytesPerSecond = job.kind === 'flush' ? 0 : job.bytesPerSecond
    this.#jobs.push({ id, urgent, bytesPerSecond, steps, onDone, onFailed, dueMs: -Infinity })
    this.#schedule()
  }

  /** Stops a job and removes what it wrote; it is not heard of again. False when there is none. */
  cancel(id: number): boolean {
    const job = this.#jobs.find((candidate) => candidate.id === id)
    if (job === undefined) return false
    this.#jobs = this.#jobs.filter((other) => other !== job)
    job.steps.return({ tables: [], ranges: [] })
    return true
  }

  #schedule(): void {
    this.#pause?.cancel()
    this.#pause = undefined
    if (this.#scheduled || this.#jobs.length === 0) return
    const waitMs = Math.min(...this.#jobs.map(({ dueMs }) => dueMs)) - this.#clock.monotonic()
    if (waitMs > 0) {
      const go = (): void => this.#schedule()
      this.#pause = this.#clock.setTimer(go, Math.ceil(waitMs), { keepAlive: true })
      return
    }
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#step()
      this.#schedule()
    })
  }

  #step(): void {
    const now = this.#clock.monotonic()
    const job =
      this.#jobs.find(({ urgent }) => urgent) ?? this.#jobs.find(({ dueMs }) => dueMs <= now)
    if (job === undefined) return
    this.#jobs = this.#jobs.filter((other) => other !== job)
    try {
      const { done, value } = job.steps.next()
      if (done === true) {
        job.onDone(value)
        return
      }
      const { bytesPerSecond } = job
      // What was missed is not made up for: a limit is for the disk, and for those who use it now.
      if (bytesPerSecond > 0) job.dueMs = now + (1000 * value) / bytesPerSecond
      if (job.urgent) this.#jobs.unshift(job)
      else this.#jobs.push(job)
    } catch (error) {
      job.onFailed(error)
    }
  }
}
