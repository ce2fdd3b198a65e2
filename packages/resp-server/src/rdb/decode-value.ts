import type { Value } from '../keyspace/value.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import type { Collection } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { toStringValue } from '../values/large-string.ts'
import { ListValue } from '../values/list-value.ts'
import { parseDouble } from '../values/numbers.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { decodeStream } from './decode-stream.ts'
import { decodeIntset } from './intset.ts'
import { decodeListpack } from './listpack.ts'
import { decodeModuleValue } from './module-value.ts'
import type { RdbReader } from './rdb-reader.ts'
import * as type from './value-types.ts'
import { decodeZiplist } from './ziplist.ts'

/** Reads a value of a type that Redis has written since version 2.6. Throws RdbError. */
export function decodeValue(reader: RdbReader, kind: number, modules: ModuleTypes): Value {
  if (kind === type.STRING) {
    const bytes = reader.blob()
    return toStringValue(Buffer.from(bytes))
  }
  if (kind === type.MODULE_2) return decodeModuleValue(reader, modules)
  const value = decodeCollection(reader, kind)
  if (value.size === 0 && value.vanishesWhenEmpty) return reader.fail('an empty collection')
  return value
}

function decodeCollection(reader: RdbReader, kind: number): Collection {
  switch (kind) {
    case type.LIST:
    case type.LIST_ZIPLIST:
    case type.LIST_QUICKLIST:
    case type.LIST_QUICKLIST_2:
      return decodeList(reader, kind)
    case type.SET:
      return toSet(reader, strings(reader, reader.count()))
    case type.SET_INTSET:
      return toSet(reader, decodeIntset(reader.blob()))
    case type.SET_LISTPACK:
      return toSet(reader, decodeListpack(reader.blob()))
    case type.ZSET:
    case type.ZSET_2:
      return decodeSortedSet(reader, kind)
    case type.ZSET_ZIPLIST:
      return toSortedSet(reader, decodeZiplist(reader.blob()))
    case type.ZSET_LISTPACK:
      return toSortedSet(reader, decodeListpack(reader.blob()))
    case type.HASH:
      return toHash(reader, strings(reader, reader.count() * 2))
    case type.HASH_ZIPLIST:
      return toHash(reader, decodeZiplist(reader.blob()))
    case type.HASH_LISTPACK:
      return toHash(reader, decodeListpack(reader.blob()))
    case type.HASH_METADATA:
      return decodeExpiringHash(reader)
    case type.HASH_LISTPACK_EX:
      return decodeExpiringListpack(reader)
    case type.STREAM_LISTPACKS:
      return decodeStream(reader, 1)
    case type.STREAM_LISTPACKS_2:
      return decodeStream(reader, 2)
    case type.STREAM_LISTPACKS_3:
      return decodeStream(reader, 3)
    default:
      return reader.fail(`unknown type ${kind}`)
  }
}

function strings(reader: RdbReader, count: number): string[] {
  const found: string[] = []
  for (let left = count; left > 0; left -= 1) found.push(reader.string())
  return found
}

const PLAIN_NODE = 1
const PACKED_NODE = 2

function decodeList(reader: RdbReader, kind: number): ListValue {
  const list = new ListValue()
  const push = (items: readonly string[]): void => {
    for (const item of items) list.pushTail(item)
  }
  if (kind === type.LIST_ZIPLIST) push(decodeZiplist(reader.blob()))
  else if (kind === type.LIST) push(strings(reader, reader.count()))
  else {
    for (let left = reader.count(); left > 0; left -= 1) {
      const container = kind === type.LIST_QUICKLIST ? 0 : reader.length()
      if (container === PLAIN_NODE) list.pushTail(reader.string())
      else if (container === PACKED_NODE) push(decodeListpack(reader.blob()))
      else if (container === 0) push(decodeZiplist(reader.blob()))
      else reader.fail(`unknown container ${container}`)
    }
  }
  return list
}

function toSet(reader: RdbReader, members: readonly string[]): SetValue {
  const set = new SetValue()
  for (const member of members) if (!set.add(member)) reader.fail('a member twice')
  return set
}

function toHash(reader: RdbReader, words: readonly string[]): HashValue {
  if (words.length % 2 !== 0) reader.fail('a field without value')
  const hash = new HashValue()
  for (let at = 0; at < words.length; at += 2) {
    if (!hash.set(words[at] as string, words[at + 1] as string)) reader.fail('a field twice')
  }
  return hash
}

/** Times are kept as what they have more than the soonest, plus one; 0 for none. */
function decodeExpiringHash(reader: RdbReader): HashValue {
  const soonest = reader.int64()
  const hash = new HashValue()
  for (let left = reader.count(); left > 0; left -= 1) {
    const time = Number(reader.number())
    const field = reader.string()
    if (!hash.set(field, reader.string())) reader.fail('a field twice')
    if (time > 0) hash.setExpiry(field, soonest + time - 1)
  }
  return hash
}

function decodeExpiringListpack(reader: RdbReader): HashValue {
  reader.int64()
  const words = decodeListpack(reader.blob())
  if (words.length % 3 !== 0) reader.fail('a field without value and time')
  const hash = new HashValue()
  for (let at = 0; at < words.length; at += 3) {
    const field = words[at] as string
    const time = Number(words[at + 2])
    if (!hash.set(field, words[at + 1] as string)) reader.fail('a field twice')
    if (!Number.isSafeInteger(time)) reader.fail('a time that is no number')
    if (time > 0) hash.setExpiry(field, time)
  }
  return hash
}

function toSortedSet(reader: RdbReader, words: readonly string[]): SortedSetValue {
  if (words.length % 2 !== 0) reader.fail('a member without score')
  const sorted = new SortedSetValue()
  for (let at = 0; at < words.length; at += 2) {
    const score = parseDouble(words[at + 1] as string)
    if (score === undefined) return reader.fail('a score that is no number')
    if (!sorted.set(words[at] as string, score)) reader.fail('a member twice')
  }
  return sorted
}

/** Lengths of scores in words that stand for what is no finite number. */
const NAN = 253
const INFINITE = 254
const NEGATIVE_INFINITE = 255

function decodeSortedSet(reader: RdbReader, kind: number): SortedSetValue {
  const sorted = new SortedSetValue()
  for (let left = reader.count(); left > 0; left -= 1) {
    const member = reader.string()
    const score = kind === type.ZSET_2 ? reader.double() : scoreInWords(reader)
    if (Number.isNaN(score)) reader.fail('a score that is no number')
    if (!sorted.set(member, score)) reader.fail('a member twice')
  }
  return sorted
}

function scoreInWords(reader: RdbReader): number {
  const length = reader.byte()
  if (length === NAN) return Number.NaN
  if (length === INFINITE) return Number.POSITIVE_INFINITY
  if (length === NEGATIVE_INFINITE) return Number.NEGATIVE_INFINITY
  return parseDouble(reader.take(length).toString('latin1')) ?? Number.NaN
}
