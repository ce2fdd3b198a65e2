import { createRecordCodec, type RecordCodec } from '@ashlar/codec'

/** How many tasks of a queue the store holds, by area. Exact, and stored with each change. */
export interface StoredCounts {
  /** in the order of time, running ones included */
  due: number
  /** behind their key */
  waiting: number
  dead: number
  /** behind their children */
  blocked: number
  /** results that are kept */
  results: number
  /** keys with a stored state: held by a failed head, or with waiting tasks */
  lanes: number
  /** tasks whose ids name this stream while they stand in another one of the queue */
  away: number
}

/** A queue as users know it: one stream, and more when it has tenants or priorities. */
export class QueueGroup {
  readonly name: string
  readonly #streams = new Set<Queue>()
  readonly #numbered = new Map<number, Queue>()
  readonly #tenants = new Map<string, (Queue | undefined)[]>()
  paused = false

  constructor(name: string) {
    this.name = name
  }

  get streams(): ReadonlySet<Queue> {
    return this.#streams
  }

  /** The stream with a number. */
  numbered(number: number): Queue | undefined {
    return this.#numbered.get(number)
  }

  find(tenant: string, priority: number): Queue | undefined {
    return this.#tenants.get(tenant)?.[priority]
  }

  add(stream: Queue): void {
    this.#streams.add(stream)
    this.#numbered.set(stream.number, stream)
    const ofTenant = this.#tenants.get(stream.tenant) ?? []
    ofTenant[stream.priority] = stream
    this.#tenants.set(stream.tenant, ofTenant)
  }

  remove(stream: Queue): void {
    this.#streams.delete(stream)
    this.#numbered.delete(stream.number)
    const ofTenant = this.#tenants.get(stream.tenant) ?? []
    ofTenant[stream.priority] = undefined
    if (ofTenant.every((other) => other === undefined)) this.#tenants.delete(stream.tenant)
  }

  /** The stream that stands for the group: without tenant, of the lowest priority. It stays. */
  get base(): Queue {
    const base = this.find('', 0)
    if (base === undefined) throw new RangeError(`queue ${this.name} has no stream`)
    return base
  }
}

/**
 * One stream of a queue, in the order of time: its number stands for it in keys. Each tenant has one
 * for tasks with a key and for those without priority, and one more per priority for tasks without
 * a key: so a backlog in one never hides what is due in another.
 */
export class Queue {
  readonly number: number
  readonly group: QueueGroup
  /** Empty: none. */
  readonly tenant: string
  readonly priority: number
  readonly counts: StoredCounts = {
    due: 0,
    waiting: 0,
    dead: 0,
    blocked: 0,
    results: 0,
    lanes: 0,
    away: 0,
  }
  /** The durable low-water mark: no due task of the stream stands before this time. */
  low = 0
  /** Made by this process, and nothing was read of it: the store holds what memory was told of. */
  fresh = false
  /** Its counts have changed since maintenance last looked. */
  used = false
  /** It was asked for, for a task that is not counted yet. */
  planned = false

  constructor(
    number: number,
    name: string,
    group: QueueGroup = new QueueGroup(name),
    tenant = '',
    priority = 0,
  ) {
    this.number = number
    this.group = group
    this.tenant = tenant
    this.priority = priority
    group.add(this)
  }

  /** The name of the queue. */
  get name(): string {
    return this.group.name
  }

  get paused(): boolean {
    return this.group.paused
  }

  /** Whether the store holds nothing of it but itself. */
  get empty(): boolean {
    const { due, waiting, dead, blocked, results, lanes, away } = this.counts
    return due + waiting + dead + blocked + results + lanes + away === 0
  }
}

type CountsTuple = readonly [number, number, number, number, number, number?, number?]
type QueueTuple = readonly [name: string, paused: boolean, tenant?: string, priority?: number]

const countsCodec: RecordCodec<CountsTuple> = createRecordCodec<CountsTuple>({ version: 1 })
const queueCodec: RecordCodec<QueueTuple> = createRecordCodec<QueueTuple>({ version: 1 })

export function encodeCounts(counts: StoredCounts): Uint8Array {
  const { due, waiting, dead, results, lanes, blocked, away } = counts
  if (away !== 0) return countsCodec.encode([due, waiting, dead, results, lanes, blocked, away])
  if (blocked === 0) return countsCodec.encode([due, waiting, dead, results, lanes])
  return countsCodec.encode([due, waiting, dead, results, lanes, blocked])
}

export function decodeCounts(bytes: Uint8Array, into: StoredCounts): void {
  const [due, waiting, dead, results, lanes, blocked = 0, away = 0] = countsCodec.decode(bytes)
  Object.assign(into, { due, waiting, dead, results, lanes, blocked, away })
}

export function encodeQueue(queue: Queue): Uint8Array {
  const { name, paused, tenant, priority, group } = queue
  if (queue === group.base) return queueCodec.encode([name, paused])
  return queueCodec.encode([name, false, tenant, priority])
}

/** A stream as it is stored; `paused` is that of its group where it is the base. */
export interface StoredQueue {
  readonly name: string
  readonly paused: boolean
  readonly tenant: string
  readonly priority: number
}

export function decodeQueue(bytes: Uint8Array): StoredQueue {
  const [name, paused, tenant = '', priority = 0] = queueCodec.decode(bytes)
  return { name, paused, tenant, priority }
}
