/** What a task of the benchmarks carries: about 40 bytes. */
export interface Payload {
  readonly n: number
  readonly text: string
}

export interface Job {
  readonly payload: Payload
  /** Epoch milliseconds; a time gone by means now. */
  readonly dueAt: number
  readonly key: string
}

export type Run = (payload: Payload) => unknown

/** One scheduler under measurement, wherever it keeps its tasks. */
export interface Contestant {
  schedule(job: Job): Promise<unknown>
  scheduleMany(jobs: readonly Job[]): Promise<unknown>
  /** Runs what is due with so many slots, until the function that it returns is called. */
  work(slots: number, run: Run): Promise<() => Promise<void>>
  /** Forgets every task. */
  clear(): Promise<void>
  /** Bytes of all stored tasks on disk, after what a quiet moment would compact. */
  bytesOnDisk(): Promise<number>
  /** Memory of the process that holds the tasks, or of the server that does. */
  memoryBytes(): Promise<number>
  close(): Promise<void>
}

/** Where a contestant finds what it needs. */
export interface Place {
  /** A folder of its own. */
  readonly folder: string
  readonly redisPort: number
  readonly redisFolder: string
  readonly postgresUrl: string
  readonly natsUrl: string
}

export type Open = (place: Place) => Promise<Contestant>
