import type { Store } from '@ashlar/lsm-store'
import { entries } from '../storage/entries.ts'
import { Journal } from '../storage/journal.ts'
import { decodeLane } from '../storage/lane-record.ts'
import { ID_BYTES, Layout, type Place, readPlace, readWaitingPlace } from '../storage/layout.ts'
import type { Ledger } from '../storage/ledger.ts'
import type { Queue } from '../storage/queue.ts'
import { QueueDirectory } from '../storage/queue-directory.ts'
import { decodeResult } from '../storage/result-table.ts'
import { TaskTable } from '../storage/task-table.ts'
import { decodeTask } from '../task/record.ts'
import type { Area, Task } from '../task/task.ts'
import { hashOfKey, hashOfSchedule, hashOfUnique } from './routes.ts'

/** Entries that are looked at in one turn of the event loop: leases have to be renewed. */
const TURN = 500
/** Of a damaged entry nobody can say whose it is: it stays with the parent. */
const AREAS = ['due', 'waiting', 'dead', 'blocked'] as const satisfies readonly Area[]
const NO_LIMIT = Number.POSITIVE_INFINITY

export interface PruneOptions {
  readonly store: Store
  readonly prefix: string
  readonly ledger: Ledger
  /** Whether the partition holds what has this hash. */
  readonly holds: (hash: number) => boolean
  /**
   * Whether it also holds what no hash places: tasks and results without any key, flows. They stay
   * with the parent, where their ids lead.
   */
  readonly holdsRest: boolean
}

/**
 * Takes out of a partition what it does not hold: tasks, results, states of keys, schedules. Each step is
 * a whole one, so whoever is stopped in the middle is followed by another that does the rest. Nothing
 * else may work on the partition meanwhile. Resolves when it is durable as the ledger says.
 */
export async function prune(options: PruneOptions): Promise<void> {
  const pruning = new Pruning(options)
  for (const area of AREAS) await pruning.tasks(area)
  await pruning.lanes()
  await pruning.results()
  await pruning.schedules()
  if (!options.holdsRest) await pruning.flows()
  await pruning.end()
}

class Pruning {
  readonly #options: PruneOptions
  readonly #layout: Layout
  readonly #journal: Journal
  readonly #directory: QueueDirectory
  readonly #table: TaskTable
  #failure: { readonly error: unknown } | undefined
  #seen = 0

  constructor(options: PruneOptions) {
    const { store, prefix, ledger } = options
    this.#options = options
    this.#layout = new Layout(prefix)
    this.#journal = new Journal({
      ledger,
      layout: this.#layout,
      onFailure: (error) => {
        this.#failure = { error }
      },
      onSettled: () => {},
    })
    this.#directory = new QueueDirectory(this.#layout, this.#journal, NO_LIMIT, () => {})
    this.#directory.load(store)
    this.#table = new TaskTable(store, this.#layout, this.#journal)
  }

  async tasks(area: Area): Promise<void> {
    for (const [key, value] of entries(this.#options.store, this.#layout.bounds(area))) {
      await this.#breathe()
      const place = this.#placeOf(area, key)
      const queue = this.#directory.get(place.queue)
      if (queue === undefined) continue
      const task = decoded(queue, area, place, value)
      if (task === undefined) {
        if (!this.#options.holdsRest) this.#dropDamaged(queue, area, key)
      } else if (!this.#holdsTask(task)) this.#table.erase(this.#journal.begin(), task)
    }
  }

  async lanes(): Promise<void> {
    const { headLength } = this.#layout
    for (const [name, value] of entries(this.#options.store, this.#layout.bounds('lane'))) {
      await this.#breathe()
      const queue = this.#directory.get(Buffer.from(name).readUIntBE(headLength, 3))
      const key = Buffer.from(name.subarray(headLength + 3)).toString('utf8')
      if (queue === undefined || this.#holdsKey(queue, key)) continue
      const lane = decodeLane(value)
      this.#table.writeLane(this.#journal.begin(), queue, key, lane, undefined)
    }
  }

  async results(): Promise<void> {
    for (const [name, value] of entries(this.#options.store, this.#layout.bounds('result'))) {
      await this.#breathe()
      const queue = this.#directory.get(readPlace(name, this.#layout.headLength).queue)
      if (queue === undefined) continue
      const { key, expiresAt } = decodeResult(value)
      if (key === undefined ? this.#options.holdsRest : this.#holdsKey(queue, key)) continue
      const batch = this.#journal.begin()
      batch.delete(name)
      batch.delete(this.#layout.expiry(expiresAt, name.subarray(name.length - ID_BYTES)))
      queue.counts.results -= 1
      this.#journal.touch(queue)
    }
  }

  async schedules(): Promise<void> {
    for (const [name] of entries(this.#options.store, this.#layout.bounds('schedule'))) {
      await this.#breathe()
      const id = Buffer.from(name.subarray(this.#layout.headLength)).toString('utf8')
      if (this.#options.holds(hashOfSchedule(id))) continue
      this.#journal.begin().delete(name)
    }
  }

  async flows(): Promise<void> {
    for (const tag of ['pending', 'outcome'] as const) {
      for (const [name] of entries(this.#options.store, this.#layout.bounds(tag))) {
        this.#journal.begin().delete(name)
        await this.#breathe()
      }
    }
  }

  async end(): Promise<void> {
    await this.#journal.acknowledged()
  }

  #placeOf(area: Area, key: Uint8Array): Place {
    const { headLength } = this.#layout
    return area === 'waiting' ? readWaitingPlace(key, headLength) : readPlace(key, headLength)
  }

  #holdsKey(queue: Queue, key: string): boolean {
    return this.#options.holds(hashOfKey(queue.name, queue.tenant, key))
  }

  #holdsTask(task: Task): boolean {
    const { queue, key, uniqueKey } = task
    if (key !== undefined) return this.#holdsKey(queue, key)
    if (uniqueKey === undefined) return this.#options.holdsRest
    return this.#options.holds(hashOfUnique(queue.name, uniqueKey))
  }

  #dropDamaged(queue: Queue, area: Area, key: Uint8Array): void {
    this.#journal.begin().delete(key)
    queue.counts[area] -= 1
    this.#journal.touch(queue)
  }

  /** Lets others have their turn, and what has gathered be stored. */
  async #breathe(): Promise<void> {
    this.#seen += 1
    if (this.#seen % TURN !== 0) return
    await this.#journal.acknowledged()
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

function decoded(queue: Queue, area: Area, place: Place, value: Uint8Array): Task | undefined {
  try {
    return decodeTask(queue, area, place.at, place.seq, value)
  } catch {
    return undefined
  }
}
