import { Violation } from '../../world/violation.ts'
import type { NodeName } from './plan.ts'

/** After so long an end that a handler returned is stored, where the log can be reached. */
export const STORED_MS = 3_000

export interface Job {
  readonly n: number
  readonly key: string
  readonly unique: string | undefined
  id: string
  dueAt: number
  acked: boolean
  state: 'pending' | 'done' | 'cancelled' | 'unmade'
  /** Calls about it that are under way, or of which nobody knows what they came to. */
  vague: number
  starts: number
  /** Starts that a fault has excused. */
  excused: number
  ended: boolean
  endedAtMs: number
  by: NodeName | undefined
}

/** All tasks, and what must hold whenever one starts on any member. */
export class Jobs {
  readonly all: Job[] = []
  readonly #fences = new Map<string, number>()

  add(fields: Pick<Job, 'key' | 'unique' | 'dueAt'>): Job {
    const job: Job = {
      ...fields,
      n: this.all.length,
      id: '',
      acked: false,
      state: 'pending',
      vague: 0,
      starts: 0,
      excused: 0,
      ended: false,
      endedAtMs: Number.NEGATIVE_INFINITY,
      by: undefined,
    }
    this.all.push(job)
    return job
  }

  started(job: Job, node: NodeName, fence: number): void {
    const about = `task ${job.n} of ${job.key} on ${node}`
    const before = this.#fences.get(job.key) ?? 0
    if (fence <= before) throw new Violation('I5 fence', `${about}: ${fence} after ${before}`)
    this.#fences.set(job.key, fence)
    if (job.state === 'cancelled') throw new Violation('I7 cancel', `${about} starts`)
    for (const other of this.all) {
      if (other.key !== job.key) continue
      if (other.by !== undefined) {
        throw new Violation('I5 overlap', `${about} starts while ${other.n} runs on ${other.by}`)
      }
      if (isUntouched(other) && isUntouched(job) && isBefore(other, job)) {
        throw new Violation('I4 order', `${about} passes ${other.n}`)
      }
    }
    job.starts += 1
    if (job.starts > 1 + job.excused) {
      throw new Violation('I2 repeats', `${about} starts for the ${job.starts}th time`)
    }
    job.by = node
  }

  ended(job: Job, done: boolean, atMs: number): void {
    job.by = undefined
    if (!done) {
      job.excused += 1 // its signal was aborted: the partition was lost, or handed over
      return
    }
    job.ended = true
    job.endedAtMs = atMs
  }

  /** The member's partitions, or some, are not its own any more: what it did last may not be stored. */
  lost(node: NodeName, atMs: number, gone: boolean): void {
    for (const job of this.all) {
      const fresh = job.endedAtMs > atMs - STORED_MS
      if (fresh || (job.by === node && gone)) job.excused += 1
      if (job.by === node && gone) job.by = undefined
    }
  }

  /** Those that hold a unique key for sure. */
  holders(unique: string): Job[] {
    return this.all.filter(
      (job) =>
        job.unique === unique && job.acked && job.vague === 0 && job.starts === 0 && isLive(job),
    )
  }

  get unended(): Job[] {
    return this.all.filter((job) => job.acked && isLive(job) && job.vague === 0 && !job.ended)
  }
}

function isLive({ state }: Job): boolean {
  return state === 'pending'
}

/** It waits for its turn, and nothing about that is open. */
export function isUntouched(job: Job): boolean {
  return job.acked && isLive(job) && job.vague === 0 && job.starts === 0
}

function isBefore(a: Job, b: Job): boolean {
  return a.dueAt < b.dueAt
}
