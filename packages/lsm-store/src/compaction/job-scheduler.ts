import type { FileSystem } from '../fs/file-system.ts'
import type { Job, JobResult } from './job.ts'
import { runJob } from './run-job.ts'

/** A job with the callbacks for its end. */
interface Running {
  readonly id: number
  readonly urgent: boolean
  readonly steps: Generator<void, JobResult, void>
  readonly onDone: (result: JobResult) => void
  readonly onFailed: (error: unknown) => void
}

/**
 * Runs jobs on one thread, slice by slice. A flush goes before any compaction, also one that is
 * under way: writers wait for flushes. Compactions take turns.
 */
export class JobScheduler {
  readonly #fileSystem: FileSystem
  #jobs: Running[] = []
  #scheduled = false

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem
  }

  run(
    id: number,
    job: Job,
    onDone: (result: JobResult) => void,
    onFailed: (error: unknown) => void,
  ): void {
    const steps = runJob(job, this.#fileSystem)
    this.#jobs.push({ id, urgent: job.kind === 'flush', steps, onDone, onFailed })
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
    if (this.#scheduled || this.#jobs.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#step()
      this.#schedule()
    })
  }

  #step(): void {
    const job = this.#jobs.find(({ urgent }) => urgent) ?? this.#jobs[0]
    if (job === undefined) return
    this.#jobs = this.#jobs.filter((other) => other !== job)
    try {
      const { done, value } = job.steps.next()
      if (done === true) job.onDone(value)
      else if (job.urgent) this.#jobs.unshift(job)
      else this.#jobs.push(job)
    } catch (error) {
      job.onFailed(error)
    }
  }
}
