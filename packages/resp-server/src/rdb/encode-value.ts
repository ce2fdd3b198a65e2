import type { Value } from '../keyspace/value.ts'
import type { EncodingLimits } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { LargeString } from '../values/large-string.ts'
import { ListValue } from '../values/list-value.ts'
import { ModuleValue } from '../values/module-value.ts'
import { formatDouble, parseInteger } from '../values/numbers.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import { encodeStream } from './encode-stream.ts'
import { encodeIntset } from './intset.ts'
import { ListpackBuilder } from './listpack.ts'
import { encodeModuleValue } from './module-value.ts'
import type { RdbWriter } from './rdb-writer.ts'
import {
  HASH,
  HASH_LISTPACK,
  HASH_METADATA,
  LIST_QUICKLIST_2,
  MODULE_2,
  SET,
  SET_INTSET,
  STREAM_LISTPACKS_2,
  STRING,
  ZSET_2,
  ZSET_LISTPACK,
} from './value-types.ts'

const PACKED_NODE = 2
const NODE_BYTES = [4096, 8192, 16_384, 32_768, 65_536] as const

/** Writes a value's type byte, a key if there is one, and the value, readable for Redis 7.0 and later. */
export function encodeValue(
  writer: RdbWriter,
  value: Value,
  limits: EncodingLimits,
  key?: string,
): void {
  const begin = (type: number): void => {
    writer.byte(type)
    if (key !== undefined) writer.string(key)
  }
  if (typeof value === 'string') {
    begin(STRING)
    writer.string(value)
  } else if (value instanceof LargeString) {
    begin(STRING)
    writer.blob(value.peek())
  } else if (value instanceof ListValue) {
    begin(LIST_QUICKLIST_2)
    encodeList(writer, value, limits)
  } else if (value instanceof SetValue) encodeSet(writer, value, limits, begin)
  else if (value instanceof SortedSetValue) encodeSortedSet(writer, value, limits, begin)
  else if (value instanceof HashValue) encodeHash(writer, value, limits, begin)
  else if (value instanceof StreamValue) {
    begin(STREAM_LISTPACKS_2)
    encodeStream(writer, value)
  } else if (value instanceof ModuleValue) {
    begin(MODULE_2)
    encodeModuleValue(writer, value)
  } else throw new TypeError(`no RDB form of a ${value.type}`)
}

function encodeList(writer: RdbWriter, list: ListValue, limits: EncodingLimits): void {
  const size = limits.listMaxListpackSize
  const maxBytes = size < 0 ? (NODE_BYTES[-size - 1] ?? 8192) : 8192
  const maxCount = size < 0 ? Number.POSITIVE_INFINITY : size
  const nodes: Buffer[] = []
  let node = new ListpackBuilder()
  list.visit(0, false, (item) => {
    const isFull = node.count >= maxCount || node.size + item.length + 8 > maxBytes
    if (node.count > 0 && isFull) {
      nodes.push(node.build())
      node = new ListpackBuilder()
    }
    node.string(item)
    return true
  })
  if (node.count > 0) nodes.push(node.build())
  writer.length64(nodes.length)
  for (const bytes of nodes) {
    writer.length64(PACKED_NODE)
    writer.blob(bytes)
  }
}

type Begin = (type: number) => void

function encodeSet(writer: RdbWriter, set: SetValue, limits: EncodingLimits, begin: Begin): void {
  const members = set.dense
  if (set.encoding(limits) === 'intset') {
    begin(SET_INTSET)
    writer.blob(encodeIntset(members.map((member) => parseInteger(member) as number | bigint)))
    return
  }
  begin(SET)
  writer.length64(members.length)
  for (const member of members) writer.string(member)
}

function encodeSortedSet(
  writer: RdbWriter,
  sorted: SortedSetValue,
  limits: EncodingLimits,
  begin: Begin,
): void {
  if (sorted.encoding(limits) === 'listpack') {
    const pack = new ListpackBuilder()
    sorted.order.visit(0, sorted.size, false, (member, score) => {
      pack.string(member)
      pack.string(formatDouble(score))
    })
    begin(ZSET_LISTPACK)
    writer.blob(pack.build())
    return
  }
  begin(ZSET_2)
  writer.length64(sorted.size)
  // greatest first: Redis inserts each at the head of its list then
  sorted.order.visit(sorted.size - 1, sorted.size, true, (member, score) => {
    writer.string(member)
    writer.double(score)
  })
}

function encodeHash(
  writer: RdbWriter,
  hash: HashValue,
  limits: EncodingLimits,
  begin: Begin,
): void {
  const { fields, values } = hash
  if (hash.expiring > 0) {
    const soonest = Math.min(...fields.map((field) => hash.expiryOf(field)))
    begin(HASH_METADATA)
    writer.uint64(BigInt(soonest))
    writer.length64(fields.length)
    fields.forEach((field, at) => {
      const expiry = hash.expiryOf(field)
      writer.length64(expiry === Number.POSITIVE_INFINITY ? 0 : expiry - soonest + 1)
      writer.string(field)
      writer.string(values[at] as string)
    })
    return
  }
  if (hash.encoding(limits) === 'listpack') {
    const pack = new ListpackBuilder()
    fields.forEach((field, at) => {
      pack.string(field)
      pack.string(values[at] as string)
    })
    begin(HASH_LISTPACK)
    writer.blob(pack.build())
    return
  }
  begin(HASH)
  writer.length64(fields.length)
  fields.forEach((field, at) => {
    writer.string(field)
    writer.string(values[at] as string)
  })
}
