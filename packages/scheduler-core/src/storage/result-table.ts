import { createRecordCodec, type RecordCodec } from '@ashlar/codec'
import type { Batch, Store } from '@ashlar/lsm-store'
import type { Task } from '../task/task.ts'
import type { Journal } from './journal.ts'
import { ID_BYTES, type Layout, MAX_TIME, type Place, readPlace } from './layout.ts'
import type { QueueDirectory } from './queue-directory.ts'

/** Results that one round of purging removes. */
const PURGE_BATCH = 1_000

/** What is kept of a completed task. */
export interface StoredResult {
  readonly handler: string
  readonly version: number
  readonly key: string | undefined
  readonly dueAt: number
  readonly createdAt: number
  readonly attempts: number
  readonly finishedAt: number
  readonly expiresAt: number
  readonly result: unknown
}

type ResultTuple = readonly [
  handler: string,
  version: number,
  key: string | null,
  dueAt: number,
  createdAt: number,
  attempts: number,
  finishedAt: number,
  expiresAt: number,
  result: unknown,
]

const codec: RecordCodec<ResultTuple> = createRecordCodec<ResultTuple>({
  version: 1,
  maxBytes: 4 * 1024 * 1024,
})

/** Results of completed tasks, each until its time is over. */
export class ResultTable {
  readonly #store: Store
  readonly #layout: Layout
  readonly #journal: Journal
  readonly #directory: QueueDirectory

  constructor(store: Store, layout: Layout, journal: Journal, directory: QueueDirectory) {
    this.#store = store
    this.#layout = layout
    this.#journal = journal
    this.#directory = directory
  }

  /** Throws what the codec throws when the result cannot be stored. */
  encode(task: Task, result: unknown, finishedAt: number, retainMs: number): Uint8Array {
    const { handler, version, key, order, createdAt, attempts } = task
    const expiresAt = expiryOf(finishedAt, retainMs)
    return codec.encode([
      handler,
      version,
      key ?? null,
      order,
      createdAt,
      attempts + 1,
      finishedAt,
      expiresAt,
      result,
    ])
  }

  put(batch: Batch, task: Task, encoded: Uint8Array, expiresAt: number): void {
    const { home, origin, seq } = task
    batch.put(this.#layout.task('result', home, origin, seq), encoded)
    batch.put(this.#layout.expiry(expiresAt, task.idBytes), '')
    const queue = this.#directory.get(home) ?? task.queue
    queue.counts.results += 1
    this.#journal.touch(queue)
  }

  find({ queue, at, seq }: Place): StoredResult | undefined {
    const bytes = this.#store.getSync(this.#layout.task('result', queue, at, seq))
    return bytes === undefined ? undefined : decodeResult(bytes)
  }

  /** Removes what has expired. Returns when to come again; `undefined`: nothing is kept. */
  purge(now: number): number | undefined {
    const { gte, lt } = this.#layout.bounds('expiry')
    this.#journal.barrier()
    const batch = this.#journal.begin()
    let removed = 0
    using iterator = this.#store.iterator({ gte, lt, keysOnly: true })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      const [key] = entry
      const head = this.#layout.headLength
      const expiresAt = Buffer.from(key.subarray(head, head + 6)).readUIntBE(0, 6)
      if (expiresAt > now) return expiresAt
      if (removed === PURGE_BATCH) return now
      const { queue, at, seq } = readPlace(key, key.length - ID_BYTES)
      batch.delete(key)
      batch.delete(this.#layout.task('result', queue, at, seq))
      const owner = this.#directory.get(queue)
      if (owner !== undefined) {
        owner.counts.results -= 1
        owner.used = true
        this.#journal.touch(owner)
      }
      removed += 1
    }
    return undefined
  }
}

export function expiryOf(finishedAt: number, retainMs: number): number {
  return Math.min(MAX_TIME, Math.ceil(finishedAt + retainMs))
}

export function decodeResult(bytes: Uint8Array): StoredResult {
  const tuple = codec.decode(bytes)
  const [handler, version, key, dueAt, createdAt, attempts, finishedAt, expiresAt, result] = tuple
  return {
    handler,
    version,
    key: key ?? undefined,
    dueAt,
    createdAt,
    attempts,
    finishedAt,
    expiresAt,
    result,
  }
}
