import { UNKNOWN_READ } from '../values/stream/consumer-group.ts'
import { entriesReadUpTo } from '../values/stream/group-lag.ts'
import {
  MIN_ID,
  makeId,
  millisecondsOf,
  type StreamId,
  sequenceOf,
} from '../values/stream/stream-id.ts'
import { DEFAULT_NODE_LIMITS } from '../values/stream/stream-node.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import { decodeListpack } from './listpack.ts'
import { RdbError } from './rdb-error.ts'
import type { RdbReader } from './rdb-reader.ts'

const DELETED = 1
const SAME_FIELDS = 2
const ID_BYTES = 16

/** Reads a stream: version 1 is Redis 5's, 2 is 7.0's, 3 is 7.2's. */
export function decodeStream(reader: RdbReader, version: 1 | 2 | 3): StreamValue {
  const stream = new StreamValue()
  for (let left = reader.count(); left > 0; left -= 1) {
    const master = reader.blob()
    if (master.length !== ID_BYTES) reader.fail('a node without ID')
    decodeNode(reader, stream, master.toString('latin1'), decodeListpack(reader.blob()))
  }
  const length = reader.number()
  if (length !== stream.size) reader.fail('a stream of another length')
  const lastId = id(reader)
  if (lastId < stream.lastId) reader.fail('an entry above the last ID')
  let maxDeletedId = MIN_ID
  let entriesAdded = stream.size
  if (version >= 2) {
    id(reader) // that of the first entry, which is known
    maxDeletedId = id(reader)
    entriesAdded = Number(reader.number())
  }
  stream.setMeta({ lastId, maxDeletedId, entriesAdded })
  for (let left = reader.count(); left > 0; left -= 1) decodeGroup(reader, stream, version)
  return stream
}

const id = (reader: RdbReader): StreamId => {
  const ms = reader.number()
  return makeId(ms, reader.number())
}

const rawId = (reader: RdbReader): StreamId => reader.take(ID_BYTES).toString('latin1')

/** The elements of a node's listpack, one after the other. */
class Elements {
  readonly #reader: RdbReader
  readonly #words: readonly string[]
  #at = 0

  constructor(reader: RdbReader, words: readonly string[]) {
    this.#reader = reader
    this.#words = words
  }

  get done(): boolean {
    return this.#at >= this.#words.length
  }

  next(): string {
    const word = this.#words[this.#at]
    if (word === undefined) return this.#reader.fail('a node that ends early')
    this.#at += 1
    return word
  }

  integer(): bigint {
    const word = this.next()
    return /^-?\d{1,19}$/.test(word) ? BigInt(word) : this.#reader.fail('a number was expected')
  }

  count(): number {
    const count = Number(this.integer())
    const isPossible = count >= 0 && count <= this.#words.length
    return isPossible ? count : this.#reader.fail('a count beyond the node')
  }
}

function decodeNode(
  reader: RdbReader,
  stream: StreamValue,
  master: StreamId,
  words: readonly string[],
): void {
  const elements = new Elements(reader, words)
  const live = elements.count()
  elements.count()
  const fields: string[] = []
  for (let left = elements.count(); left > 0; left -= 1) fields.push(elements.next())
  elements.next()
  let found = 0
  while (!elements.done) {
    const flags = Number(elements.integer())
    const entryId = offsetId(reader, master, elements.integer(), elements.integer())
    const pairs: string[] = []
    if (flags & SAME_FIELDS) for (const field of fields) pairs.push(field, elements.next())
    else for (let left = elements.count() * 2; left > 0; left -= 1) pairs.push(elements.next())
    elements.next()
    if (flags & DELETED) continue
    if (entryId <= stream.lastId) reader.fail('entries out of order')
    stream.append(entryId, pairs, DEFAULT_NODE_LIMITS)
    found += 1
  }
  if (found !== live) reader.fail('a node with another number of entries')
}

function offsetId(reader: RdbReader, master: StreamId, ms: bigint, seq: bigint): StreamId {
  const wholeMs = BigInt.asUintN(64, BigInt(millisecondsOf(master)) + ms)
  const wholeSeq = BigInt.asUintN(64, BigInt(sequenceOf(master)) + seq)
  const entryId = makeId(wholeMs, wholeSeq)
  return entryId < master ? reader.fail('an entry below its node') : entryId
}

function decodeGroup(reader: RdbReader, stream: StreamValue, version: 1 | 2 | 3): void {
  const name = reader.string()
  const lastId = id(reader)
  // before version 2 nobody counted: what can be told from the entries is told
  const read =
    version >= 2
      ? Number(BigInt.asIntN(64, BigInt(reader.number())))
      : (entriesReadUpTo(stream, lastId) ?? UNKNOWN_READ)
  if (stream.groups.has(name)) reader.fail('a group twice')
  const group = stream.createGroup(name, lastId, read)
  const pending = new Map<StreamId, { deliveredAt: number; deliveries: number }>()
  for (let left = reader.count(); left > 0; left -= 1) {
    const entryId = rawId(reader)
    pending.set(entryId, { deliveredAt: reader.int64(), deliveries: reader.length() })
  }
  for (let left = reader.count(); left > 0; left -= 1) {
    const consumerName = reader.string()
    const seenAt = reader.int64()
    const activeAt = version >= 3 ? reader.int64() : seenAt
    if (group.consumers.has(consumerName)) reader.fail('a consumer twice')
    const consumer = group.addConsumer(consumerName, seenAt, activeAt)
    for (let entries = reader.count(); entries > 0; entries -= 1) {
      const entryId = rawId(reader)
      const entry = pending.get(entryId)
      if (entry === undefined)
        throw new RdbError('a consumer has what its group has not', reader.position)
      if (group.pending.has(entryId)) reader.fail('two consumers have one entry')
      stream.assign(group, entryId, consumer, entry.deliveredAt, entry.deliveries)
    }
  }
  if (group.pending.size !== pending.size) reader.fail('an entry pending for nobody')
}
