import { createRecordCodec, type RecordCodec } from '@ashlar/codec'

/** How many tasks of a queue the store holds, by area. Exact, and stored with each change. */
export interface StoredCounts {
  /** in the order of time, running ones included */
  due: number
  /** behind their key */
  waiting: number
  dead: number
  /** results that are kept */
  results: number
  /** keys with a stored state: held by a failed head, or with waiting tasks */
  lanes: number
}

/** A queue as the store knows it. Its number stands for its name in keys. */
export class Queue {
  readonly number: number
  readonly name: string
  readonly counts: StoredCounts = { due: 0, waiting: 0, dead: 0, results: 0, lanes: 0 }
  paused = false
  /** The durable low-water mark: no due task of the queue stands before this time. */
  low = 0

  constructor(number: number, name: string) {
    this.number = number
    this.name = name
  }
}

type CountsTuple = readonly [number, number, number, number, number]
type QueueTuple = readonly [name: string, paused: boolean]

const countsCodec: RecordCodec<CountsTuple> = createRecordCodec<CountsTuple>({ version: 1 })
const queueCodec: RecordCodec<QueueTuple> = createRecordCodec<QueueTuple>({ version: 1 })

export function encodeCounts(counts: StoredCounts): Uint8Array {
  const { due, waiting, dead, results, lanes } = counts
  return countsCodec.encode([due, waiting, dead, results, lanes])
}

export function decodeCounts(bytes: Uint8Array, into: StoredCounts): void {
  const [due, waiting, dead, results, lanes] = countsCodec.decode(bytes)
  Object.assign(into, { due, waiting, dead, results, lanes })
}

export function encodeQueue(queue: Queue): Uint8Array {
  return queueCodec.encode([queue.name, queue.paused])
}

export function decodeQueue(number: number, bytes: Uint8Array): Queue {
  const [name, paused] = queueCodec.decode(bytes)
  const queue = new Queue(number, name)
  queue.paused = paused
  return queue
}
