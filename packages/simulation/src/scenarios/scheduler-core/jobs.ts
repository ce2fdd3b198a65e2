import type { RunContext } from '@ashlar/scheduler-core'
import { Violation } from '../../world/violation.ts'
import { MAX_ATTEMPTS, type QueueName } from './plan.ts'

/** After so long an end that a handler returned is stored. */
const STORED_MS = 200

/** A task as its owner and its handler have seen it. */
export interface Job {
  readonly n: number
  readonly queue: QueueName
  readonly key: string | undefined
  readonly tenant: string | undefined
  readonly unique: string | undefined
  readonly fails: number
  readonly runMs: number
  id: string
  /** Its place in the order of its key. */
  dueAt: number
  /** It may start no earlier by the node's clock. */
  earliest: number
  /** The call that made it has been answered. */
  acked: boolean
  /** `replaced` has never been, as another one had its unique key. */
  state: 'pending' | 'done' | 'dead' | 'cancelled' | 'unmade'
  /** Calls about it that are under way, or were when the process ended: its place is not known. */
  vague: number
  running: boolean
  starts: number
  failures: number
  /** Starts that a crash has excused. */
  excused: number
  endedAtMs: number
  /** A crash has left open whether its end is stored: it runs again, or never. */
  perhapsEnded: boolean
}

/** All tasks, and what must be true whenever one starts: I2 to I5 and I7 of the package. */
export class Jobs {
  readonly all: Job[] = []
  #fence = 0

  add(fields: Pick<Job, 'queue' | 'key' | 'tenant' | 'unique' | 'fails' | 'runMs' | 'dueAt'>): Job {
    const job: Job = {
      ...fields,
      n: this.all.length,
      id: '',
      earliest: fields.dueAt,
      acked: false,
      state: 'pending',
      vague: 0,
      running: false,
      starts: 0,
      failures: 0,
      excused: 0,
      endedAtMs: Number.NEGATIVE_INFINITY,
      perhapsEnded: false,
    }
    this.all.push(job)
    return job
  }

  /** A handler was called for the task at this time of the node's clock. */
  started(job: Job, context: RunContext, nowMs: number): void {
    const about = `task ${job.n} (attempt ${context.attempt})`
    if (context.fence <= this.#fence) {
      throw new Violation('fence', `${about} has ${context.fence} after ${this.#fence}`)
    }
    this.#fence = context.fence
    if (nowMs < job.earliest) {
      throw new Violation('I3 never early', `${about} started ${job.earliest - nowMs} ms early`)
    }
    if (job.state === 'cancelled') {
      throw new Violation('I7 cancel', `${about} started after its cancellation`)
    }
    if (job.running) throw new Violation('I5 overlap', `${about} runs already`)
    if (job.starts + 1 > 1 + job.failures + job.excused) {
      throw new Violation('I2 repeats', `${about} starts for the ${job.starts + 1}th time`)
    }
    this.#checkKey(job, about)
    job.running = true
    job.perhapsEnded = false
    job.starts += 1
  }

  #checkKey(job: Job, about: string): void {
    if (job.key === undefined) return
    for (const other of this.all) {
      if (other === job || other.queue !== job.queue || other.key !== job.key) continue
      if (other.tenant !== job.tenant) continue
      if (other.running) throw new Violation('I5 overlap', `${about} overlaps with ${other.n}`)
      if (job.vague > 0 || job.starts > 0 || !isUntouched(other)) continue
      const first = other.dueAt < job.dueAt || (other.dueAt === job.dueAt && other.n < job.n)
      if (first) throw new Violation('I4 order', `${about} passes ${other.n}`)
    }
  }

  succeeded(job: Job, atMs: number): void {
    job.running = false
    job.state = 'done'
    job.endedAtMs = atMs
  }

  failed(job: Job, attempt: number, atMs: number): void {
    job.running = false
    job.failures += 1
    job.endedAtMs = atMs
    job.earliest = 0
    if (attempt >= MAX_ATTEMPTS) job.state = 'dead'
  }

  /** The process is gone: what ran is cut off, and what has ended just now may not be stored. */
  crashed(atMs: number): void {
    for (const job of this.all) {
      const fresh = job.endedAtMs > atMs - STORED_MS
      if (job.running || fresh) job.excused += 1
      if (fresh && (job.state === 'done' || job.state === 'dead')) {
        job.state = 'pending'
        job.perhapsEnded = true
      }
      job.running = false
    }
  }

  /** Tasks that hold a unique key for sure. */
  holders(queue: QueueName, unique: string): Job[] {
    return this.all.filter(
      (job) => job.queue === queue && job.unique === unique && job.acked && isLive(job),
    )
  }

  /** Every task whose call was answered has come to an end. */
  checkEnd(): void {
    const lost = this.all.filter(
      ({ acked, state, perhapsEnded }) => acked && state === 'pending' && !perhapsEnded,
    )
    if (lost.length === 0) return
    throw new Violation('I1 lost', `acknowledged and never ended: ${lost.map(({ n }) => n).join()}`)
  }
}

function isLive(job: Job): boolean {
  return job.state === 'pending' && job.vague === 0 && job.excused === 0
}

/** It waits for its turn, and nothing about that is open. */
function isUntouched(job: Job): boolean {
  return isLive(job) && job.acked && job.starts === 0
}
