import type { Database } from '../keyspace/database.ts'
import { NO_EXPIRY } from '../keyspace/value.ts'
import type { Bytes } from '../protocol/reply.ts'
import { dumpValue } from '../rdb/dump.ts'
import { Collection, type EncodingLimits } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { bytesOf } from '../values/large-string.ts'
import { formatId } from '../values/stream/stream-id.ts'
import { StreamValue } from '../values/stream/stream-value.ts'

/** A command as it goes to replicas. */
export type Words = readonly Bytes[]

/** A command that has run and changed something, and what there is now. */
export interface Executed {
  readonly args: Words
  readonly database: Database
  readonly limits: EncodingLimits
}

/** What replicas run instead of a command. */
export type Rewrite = (executed: Executed) => readonly Words[]

const text = (word: Bytes | undefined): string =>
  typeof word === 'string' ? word : (word?.toString('latin1') ?? '')

/** When the key expires; undefined when it is not there. Nothing expires by being asked. */
function expiryOf({ table }: Database, key: string): number | undefined {
  const slot = table.slot(key)
  return slot === -1 ? undefined : table.expiryAt(slot)
}

function valueAt({ table }: Database, key: string) {
  const slot = table.slot(key)
  return slot === -1 ? undefined : table.valueAt(slot)
}

/** SET and its kin: the value, with the time at which it expires here. */
const set =
  (valueAt: number): Rewrite =>
  ({ args, database }) => {
    const key = text(args[1])
    const expiry = expiryOf(database, key) ?? NO_EXPIRY
    const words = ['SET', key, args[valueAt] as Bytes]
    return [expiry === NO_EXPIRY ? words : [...words, 'PXAT', String(expiry)]]
  }

/** The key expires at another time now, or has gone. */
const expiry: Rewrite = ({ args, database }) => {
  const key = text(args[1])
  const time = expiryOf(database, key)
  if (time === undefined) return [['DEL', key]]
  return [time === NO_EXPIRY ? ['PERSIST', key] : ['PEXPIREAT', key, String(time)]]
}

const removal: Rewrite = ({ args }) => [['DEL', text(args[1])]]

/** The sum, which others may round another way. */
const float: Rewrite = ({ args, database }) => {
  const key = text(args[1])
  const value = valueAt(database, key)
  if (value === undefined || value instanceof Collection) return []
  return [['SET', key, bytesOf(value), 'KEEPTTL']]
}

const hashFloat: Rewrite = ({ args, database }) => {
  const [, key = '', field = ''] = args.map(text)
  const hash = valueAt(database, key)
  const value = hash instanceof HashValue ? hash.get(field) : undefined
  if (!(hash instanceof HashValue) || value === undefined) return []
  const time = hash.expiryOf(field)
  const words = ['HSET', key, field, value]
  // HSET would let the field stay for good
  return time === NO_EXPIRY ? [words] : [words, expireAt(key, time, [field])]
}

const expireAt = (key: string, time: number, fields: readonly string[]): Words => [
  'HPEXPIREAT',
  key,
  String(time),
  'FIELDS',
  String(fields.length),
  ...fields,
]

/** HEXPIRE and its kin: when the fields expire now, and which of them have gone. */
const fieldExpiry: Rewrite = ({ args, database }) => {
  const words = args.map(text)
  const key = words[1] as string
  const fields = words.slice(words.findIndex((word) => word.toUpperCase() === 'FIELDS') + 2)
  const found = valueAt(database, key)
  const hash = found instanceof HashValue ? found : undefined
  const gone: string[] = []
  const times = new Map<number, string[]>()
  for (const field of fields) {
    const time = hash?.has(field) ? hash.expiryOf(field) : undefined
    if (time === undefined) gone.push(field)
    else if (time !== NO_EXPIRY) times.set(time, [...(times.get(time) ?? []), field])
  }
  const commands = [...times].map(([time, same]) => expireAt(key, time, same))
  return gone.length === 0 ? commands : [...commands, ['HDEL', key, ...gone]]
}

/** RESTORE, with the time at which the key expires here. */
const restore: Rewrite = ({ args, database }) => {
  const key = text(args[1])
  const time = expiryOf(database, key)
  if (time === undefined) return [['DEL', key]]
  const ttl = time === NO_EXPIRY ? '0' : String(time)
  return [['RESTORE', key, ttl, args[3] as Bytes, 'REPLACE', 'ABSTTL']]
}

/** Distances come of sines, which differ in their last bit: what was found goes as it is. */
const wholeValue =
  (targetOf: (args: readonly string[]) => string | undefined): Rewrite =>
  ({ args, database, limits }) => {
    const key = targetOf(args.map(text))
    if (key === undefined) return []
    const value = valueAt(database, key)
    if (value === undefined) return [['DEL', key]]
    return [['RESTORE', key, '0', dumpValue(value, limits), 'REPLACE']]
  }

/** The last STORE or STOREDIST counts. */
function storeTarget(args: readonly string[]): string | undefined {
  const at = args.findLastIndex((word) => /^store(?:dist)?$/i.test(word))
  return at === -1 ? undefined : args[at + 1]
}

const TRIM = /^(?:maxlen|minid)$/i

/** XADD with the ID that the entry got, and as many entries left as are. */
const xadd: Rewrite = ({ args, database }) => {
  const words = args.map(text)
  const key = words[1] as string
  const stream = valueAt(database, key)
  if (!(stream instanceof StreamValue)) return []
  let at = 2
  let isTrimmed = false
  for (; at < words.length; at += 1) {
    const word = words[at] as string
    if (TRIM.test(word)) {
      isTrimmed = true
      at += /^[~=]$/.test(words[at + 1] as string) ? 2 : 1
    } else if (/^limit$/i.test(word)) at += 1
    else if (!/^nomkstream$/i.test(word)) break
  }
  const trim = isTrimmed ? ['MAXLEN', '=', String(stream.size)] : []
  return [['XADD', key, ...trim, formatId(stream.lastId), ...words.slice(at + 1)]]
}

const xtrim: Rewrite = ({ args, database }) => {
  const key = text(args[1])
  const stream = valueAt(database, key)
  if (!(stream instanceof StreamValue)) return []
  return [['XTRIM', key, 'MAXLEN', '=', String(stream.size)]]
}

/** Its handler tells what it did, by {@link Downstream.tell}. */
const told: Rewrite = () => []

/** Commands that others would run another way, or at another time. The rest goes as it came. */
const REWRITES: ReadonlyMap<string, Rewrite> = new Map([
  ['set', set(2)],
  ['getset', set(2)],
  ['setex', set(3)],
  ['psetex', set(3)],
  ['getex', expiry],
  ['getdel', removal],
  ['incrbyfloat', float],
  ['hincrbyfloat', hashFloat],
  ['expire', expiry],
  ['pexpire', expiry],
  ['expireat', expiry],
  ['pexpireat', expiry],
  ['hexpire', fieldExpiry],
  ['hpexpire', fieldExpiry],
  ['hexpireat', fieldExpiry],
  ['hpexpireat', fieldExpiry],
  ['restore', restore],
  ['restore-asking', restore],
  ['georadius', wholeValue(storeTarget)],
  ['georadiusbymember', wholeValue(storeTarget)],
  ['geosearchstore', wholeValue((args) => args[1])],
  ['xadd', xadd],
  ['xtrim', xtrim],
  ...([
    ['spop', told],
    ['blpop', told],
    ['brpop', told],
    ['blmove', told],
    ['brpoplpush', told],
    ['lmpop', told],
    ['blmpop', told],
    ['bzpopmin', told],
    ['bzpopmax', told],
    ['zmpop', told],
    ['bzmpop', told],
    ['xreadgroup', told],
    ['xclaim', told],
    ['xautoclaim', told],
    ['migrate', told],
  ] as [string, Rewrite][]),
])

/** What replicas run for a command that changed something here; undefined: the same. */
export const rewriteOf = (name: string): Rewrite | undefined => REWRITES.get(name)
