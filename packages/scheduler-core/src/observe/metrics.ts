import { Histogram, type HistogramSnapshot } from './histogram.ts'

/** How many tasks of a queue are in each state. */
export interface QueueCounts {
  /** Stored and not started: due later, due now, or waiting for a retry. */
  readonly scheduled: number
  /** Stored out of the order of time, behind a busy or held key. */
  readonly waiting: number
  /** Behind children that have not ended. */
  readonly blocked: number
  readonly running: number
  readonly dead: number
  /** Completed tasks whose result is still kept. */
  readonly completed: number
}

export interface QueueMetrics extends QueueCounts {
  readonly paused: boolean
  /** Tasks in memory. */
  readonly resident: number
}

/** Counters since the scheduler was opened, and gauges of now. */
export interface SchedulerMetrics {
  readonly scheduled: number
  readonly started: number
  readonly completed: number
  readonly failed: number
  readonly retried: number
  readonly died: number
  readonly cancelled: number
  readonly rescheduled: number
  readonly edited: number
  /** Runs found cut off when the scheduler was opened. */
  readonly interrupted: number
  readonly timedOut: number
  /** Runs that ignored their aborted signal and were given up. */
  readonly abandoned: number
  readonly running: number
  /** From a task's time to its start. */
  readonly lag: HistogramSnapshot
  /** From start to end of a run. */
  readonly run: HistogramSnapshot
  readonly queues: Readonly<Record<string, QueueMetrics>>
}

/** The counters behind {@link SchedulerMetrics}. */
export class Meters {
  scheduled = 0
  started = 0
  completed = 0
  failed = 0
  retried = 0
  died = 0
  cancelled = 0
  rescheduled = 0
  edited = 0
  interrupted = 0
  timedOut = 0
  abandoned = 0
  readonly lag: Histogram = new Histogram()
  readonly run: Histogram = new Histogram()
}
