// What is measured, the same for every contestant. Each resets what it leaves behind.
import type { Contestant, Job } from './contestants/contestant.ts'

const TEXT = 'remind me at ten'
const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
const BULK = 1_000
/** Attempts at storing tasks before they are due. */
const MAX_LOADS = 4
/** Runs of one key in the rows with keys: enough that keys matter, few enough that none is a queue. */
const KEYS = 1_000

export interface Lags {
  readonly maxMs: number
  readonly p99Ms: number
}

export interface Pending {
  readonly memoryBytes: number
  readonly diskBytesPerTask: number
  readonly lagP99Ms: number
}

const job = (n: number, dueAt: number, keys = KEYS): Job => ({
  payload: { n, text: TEXT },
  dueAt,
  key: `key-${n % keys}`,
})

/** Tasks of the next hours, one awaited at a time: tasks a second. */
export async function scheduleOne(peer: Contestant, forMs: number): Promise<number> {
  await peer.schedule(job(0, farAway(0))) // what opens on the first call is not measured
  const start = performance.now()
  for (let n = 1; ; n++) {
    await peer.schedule(job(n, farAway(n)))
    const elapsedMs = performance.now() - start
    if (elapsedMs >= forMs) return (n * 1_000) / elapsedMs
  }
}

/** The same, 1 000 in one call. */
export async function scheduleBulk(peer: Contestant, forMs: number): Promise<number> {
  await peer.scheduleMany([job(0, farAway(0))])
  const start = performance.now()
  for (let calls = 1; ; calls++) {
    await peer.scheduleMany(Array.from({ length: BULK }, (_, n) => job(n, farAway(n * calls))))
    const elapsedMs = performance.now() - start
    if (elapsedMs >= forMs) return (calls * BULK * 1_000) / elapsedMs
  }
}

function farAway(n: number): number {
  return Date.now() + HOUR_MS + ((n * 7_919) % HOUR_MS)
}

async function load(peer: Contestant, jobs: readonly Job[]): Promise<void> {
  for (let from = 0; from < jobs.length; from += BULK) {
    await peer.scheduleMany(jobs.slice(from, from + BULK))
  }
}

/** What storing so many tasks takes, about. */
async function loadMs(peer: Contestant, tasks: number): Promise<number> {
  const start = performance.now()
  await peer.scheduleMany(Array.from({ length: BULK }, (_, n) => job(n, farAway(n))))
  return ((performance.now() - start) * tasks) / BULK
}

/** Due tasks that do nothing, from the first start to the last end: tasks a second. */
export async function execute(peer: Contestant, tasks: number, slots: number): Promise<number> {
  await load(
    peer,
    Array.from({ length: tasks }, (_, n) => job(n, Date.now() - 1_000)),
  )
  const all = new Tally(tasks)
  const stop = await peer.work(slots, ({ n }) => {
    all.begin(n)
    all.end()
  })
  await all.done
  await stop()
  return all.perSecond
}

/**
 * Tasks of 200 keys that take 0 to 20 ms each, from the first start to the last end: tasks a second.
 * Throws when two of a key overlap or swap.
 */
export async function order(peer: Contestant, tasks: number, slots: number): Promise<number> {
  const keys = 200
  const dueAt = Date.now() - 1_000
  await load(
    peer,
    Array.from({ length: tasks }, (_, n) => job(n, dueAt, keys)),
  )
  const all = new Tally(tasks)
  const latest = new Map<number, { n: number; running: boolean }>()
  const wrong: string[] = []
  const stop = await peer.work(slots, async ({ n }) => {
    all.begin(n)
    const before = latest.get(n % keys)
    if (before?.running === true) wrong.push(`${n} overlaps ${before.n}`)
    if (before !== undefined && before.n > n) wrong.push(`${n} after ${before.n}`)
    const now = { n, running: true }
    latest.set(n % keys, now)
    await timer((n * 7) % 21)
    now.running = false
    all.end()
  })
  await all.done
  await stop()
  if (wrong.length > 0) throw new Error(`order broken ${wrong.length} times: ${wrong[0]}`)
  return all.perSecond
}

/** Tasks that are due from a moment on, spread over a time: how late they start. */
export async function lag(peer: Contestant, tasks: number, overMs: number): Promise<Lags> {
  const step = tasks > 1 ? overMs / tasks : 0
  const first = await loadAhead(peer, tasks, step)
  const all = new Tally(tasks)
  const lags: number[] = []
  const stop = await peer.work(50, ({ n }) => {
    lags.push(Date.now() - Math.floor(first + n * step))
    all.begin(n)
    all.end()
  })
  await all.done
  await stop()
  return summary(lags)
}

/** Stores tasks before the first of them is due, and tells when that is. */
async function loadAhead(peer: Contestant, tasks: number, step: number): Promise<number> {
  let leadMs = 500 + 2 * (await loadMs(peer, tasks))
  for (let attempt = 1; ; attempt++) {
    const first = Date.now() + leadMs
    await load(
      peer,
      Array.from({ length: tasks }, (_, n) => job(n, Math.floor(first + n * step))),
    )
    const lateMs = Date.now() - first
    if (lateMs <= 0) return first
    if (attempt === MAX_LOADS) throw new Error(`storing the tasks took ${lateMs} ms too long`)
    await peer.clear()
    leadMs = 2 * (leadMs + lateMs) // the machine is slower than it was
  }
}

/** What so many tasks of the next year cost while they wait, and the lag of tasks that are due. */
export async function pending(peer: Contestant, tasks: number, samples: number): Promise<Pending> {
  const now = Date.now()
  for (let from = 0; from < tasks; from += BULK) {
    const jobs = Array.from({ length: Math.min(BULK, tasks - from) }, (_, n) =>
      job(from + n, now + YEAR_MS + (((from + n) * 7_919) % YEAR_MS)),
    )
    await peer.scheduleMany(jobs)
  }
  const diskBytes = await peer.bytesOnDisk()
  const all = new Tally(samples)
  const due: number[] = []
  const lags: number[] = []
  const stop = await peer.work(50, ({ n }) => {
    lags.push(Date.now() - (due[n] ?? 0))
    all.begin(n)
    all.end()
  })
  for (let n = 0; n < samples; n++) {
    due[n] = Date.now() + 100
    await peer.schedule(job(n, due[n] ?? 0))
    await timer(10)
  }
  await all.done
  await stop()
  globalThis.gc?.()
  const memoryBytes = await peer.memoryBytes()
  await peer.clear()
  return { memoryBytes, diskBytesPerTask: diskBytes / tasks, lagP99Ms: summary(lags).p99Ms }
}

/** By then somebody has begun what a killed process left, or never does: BullMQ takes a minute. */
const BEGUN_MS = 180_000

/** Starts tasks that take 100 ms, and resolves when all of them run. */
export async function interrupt(peer: Contestant, tasks: number): Promise<void> {
  await load(
    peer,
    Array.from({ length: tasks }, (_, n) => job(n, Date.now() - 1_000)),
  )
  await begun(peer, tasks, () => timer(60_000))
}

/** What a new process takes to begin again what a killed one left. */
export interface Resumed {
  /** Until its code is loaded: nobody's queue can be faster than that. */
  readonly startMs: number
  /** From opening the queue to the begin of the last task. */
  readonly againMs: number
}

/** `openedAt`: when the queue was opened, since the start of the process. */
export async function resume(peer: Contestant, tasks: number, openedAt: number): Promise<Resumed> {
  const stop = await begun(peer, tasks, () => {})
  const againMs = performance.now() - openedAt
  await stop()
  await peer.clear()
  return { startMs: openedAt, againMs }
}

async function begun(
  peer: Contestant,
  tasks: number,
  body: () => unknown,
): Promise<() => Promise<void>> {
  const seen = new Set<number>()
  const all = Promise.withResolvers<void>()
  const stop = await peer.work(tasks, ({ n }) => {
    seen.add(n)
    if (seen.size === tasks) all.resolve()
    return body()
  })
  const late = setTimeout(() => {
    all.reject(new Error(`${seen.size} of ${tasks} tasks have begun after ${BEGUN_MS / 1_000} s`))
  }, BEGUN_MS)
  await all.promise
  clearTimeout(late)
  return stop
}

/** Counts what has begun and ended; a task that runs twice is an error here. */
class Tally {
  readonly done: Promise<void>
  readonly #seen: Uint8Array
  readonly #settle: PromiseWithResolvers<void>
  #left: number
  #firstAt = 0
  #lastAt = 0

  constructor(tasks: number) {
    this.#left = tasks
    this.#seen = new Uint8Array(tasks)
    this.#settle = Promise.withResolvers<void>()
    this.done = this.#settle.promise
  }

  begin(n: number): void {
    if (this.#firstAt === 0) this.#firstAt = performance.now()
    if (this.#seen[n] === 1) this.#settle.reject(new Error(`task ${n} ran twice`))
    this.#seen[n] = 1
  }

  end(): void {
    this.#left -= 1
    if (this.#left > 0) return
    this.#lastAt = performance.now()
    this.#settle.resolve()
  }

  get perSecond(): number {
    return (this.#seen.length * 1_000) / (this.#lastAt - this.#firstAt)
  }
}

function summary(lags: number[]): Lags {
  lags.sort((a, b) => a - b)
  if ((lags[0] ?? 0) < 0) throw new Error(`a task started ${-(lags[0] ?? 0)} ms early`)
  const at = (fraction: number): number => lags[Math.ceil(lags.length * fraction) - 1] ?? Number.NaN
  return { maxMs: at(1), p99Ms: at(0.99) }
}

function timer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
