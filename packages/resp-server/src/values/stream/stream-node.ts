import { listpackBytes, listpackNumberBytes } from './listpack-size.ts'
import { MIN_ID, millisecondsOf, type StreamId, sequenceOf } from './stream-id.ts'

/** When Redis begins a new node of a stream: stream-node-max-bytes and stream-node-max-entries. */
export interface NodeLimits {
  readonly maxBytes: number
  readonly maxEntries: number
}

export const DEFAULT_NODE_LIMITS: NodeLimits = { maxBytes: 4096, maxEntries: 100 }

const HEADER_AND_END = 7

/**
 * What Redis would keep in one listpack. Nothing is stored by node here, but approximate trimming
 * removes whole nodes, and clients and tests know where their borders are.
 */
export class StreamNode {
  readonly masterId: StreamId
  readonly fields: readonly string[]
  lastId: StreamId = MIN_ID
  live = 0
  removed = 0
  #bytes: number
  readonly #masterMs: number | bigint
  readonly #masterSeq: number | bigint

  constructor(masterId: StreamId, fields: readonly string[]) {
    this.masterId = masterId
    this.#masterMs = millisecondsOf(masterId)
    this.#masterSeq = sequenceOf(masterId)
    this.fields = fields
    this.#bytes = HEADER_AND_END + 2 + 2 + listpackNumberBytes(fields.length) + 2
    for (const field of fields) this.#bytes += listpackBytes(field)
  }

  clone(): StreamNode {
    const copy = new StreamNode(this.masterId, this.fields)
    copy.lastId = this.lastId
    copy.live = this.live
    copy.removed = this.removed
    copy.#bytes = this.#bytes
    return copy
  }

  /** Whether an entry with so many bytes of fields and values goes here. */
  hasRoom(bytes: number, limits: NodeLimits): boolean {
    if (limits.maxBytes > 0 && this.#bytes + bytes >= limits.maxBytes) return false
    return limits.maxEntries === 0 || this.live + this.removed < limits.maxEntries
  }

  /** Counts an entry in; `pairs` is field, value, field, value... */
  add(id: StreamId, pairs: readonly string[]): void {
    const isSame = this.hasFields(pairs)
    const msDifference = difference(millisecondsOf(id), this.#masterMs)
    const seqDifference = difference(sequenceOf(id), this.#masterSeq)
    let bytes = 2 + listpackNumberBytes(msDifference) + listpackNumberBytes(seqDifference)
    for (let at = 0; at < pairs.length; at += 2) {
      if (!isSame) bytes += listpackBytes(pairs[at] as string)
      bytes += listpackBytes(pairs[at + 1] as string)
    }
    if (!isSame) bytes += listpackNumberBytes(pairs.length / 2)
    this.#bytes += bytes + listpackNumberBytes(pairs.length + 4)
    this.lastId = id
    this.live += 1
  }

  hasFields(pairs: readonly string[]): boolean {
    const { fields } = this
    if (pairs.length !== fields.length * 2) return false
    for (let at = 0; at < fields.length; at += 1) if (pairs[at * 2] !== fields[at]) return false
    return true
  }
}

const difference = (a: number | bigint, b: number | bigint): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : Number(BigInt(a) - BigInt(b))

/** Nodes of the radix tree that Redis would have over these keys, which must be in order. */
export function radixNodes(keys: readonly StreamId[]): number {
  const visit = (from: number, to: number, depth: number): number => {
    if (depth === MIN_ID.length) return 1
    const first = keys[from] as StreamId
    const last = keys[to - 1] as StreamId
    let shared = depth
    while (shared < first.length && first[shared] === last[shared]) shared += 1
    if (shared > depth) return 1 + visit(from, to, shared)
    let count = 1
    let start = from
    for (let at = from + 1; at <= to; at += 1) {
      if (at < to && keys[at]?.[depth] === keys[start]?.[depth]) continue
      count += visit(start, at, depth + 1)
      start = at
    }
    return count
  }
  return keys.length === 0 ? 1 : visit(0, keys.length, 0)
}
