import { createHash } from 'node:crypto'
import { HashValue } from '../values/hash-value.ts'
import { textOf } from '../values/large-string.ts'
import { ListValue } from '../values/list-value.ts'
import { ModuleValue } from '../values/module-value.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { formatId, MAX_ID, MIN_ID } from '../values/stream/stream-id.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import type { Database } from './database.ts'
import { NO_EXPIRY, type Value } from './value.ts'

const BYTES = 20
/** Numbers of the types, as Redis has them. */
const TYPES = ['string', 'list', 'set', 'zset', 'hash', 'module', 'stream'] as const

const sha1 = (bytes: string | Buffer): Buffer =>
  createHash('sha1')
    .update(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    .digest()

/** What data comes down to: equal on redis-server and here when the data is. */
class Digest {
  bytes: Buffer = Buffer.alloc(BYTES)

  /** For what has no order. */
  xor(part: string | Buffer): void {
    const hash = sha1(part)
    this.bytes = Buffer.from(this.bytes.map((byte, at) => byte ^ (hash[at] as number)))
  }

  /** For what has one. */
  mix(part: string | Buffer): void {
    this.xor(part)
    this.bytes = sha1(this.bytes)
  }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** As C prints `%.17g`. */
function score(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [mantissa, power] = value.toExponential(16).split('e') as [string, string]
  const exponent = Number(power)
  const trim = (digits: string): string =>
    digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
  if (exponent >= -4 && exponent < 17) return trim(value.toFixed(16 - exponent))
  const sign = exponent < 0 ? '-' : '+'
  return `${trim(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/** What belongs together without an order among its like. */
function xorPair(digest: Digest, first: string, second: string): void {
  const pair = new Digest()
  pair.mix(first)
  pair.mix(second)
  digest.xor(pair.bytes)
}

function addValue(digest: Digest, value: Value): void {
  const type = typeof value === 'string' || 'peek' in value ? 'string' : value.type
  digest.mix(number(TYPES.indexOf(type)))
  if (value instanceof ListValue) {
    for (const item of value.slice(0, value.size)) digest.mix(item)
  } else if (value instanceof SetValue) for (const member of value.dense) digest.xor(member)
  else if (value instanceof SortedSetValue) {
    value.order.visit(0, value.size, false, (member, one) => xorPair(digest, member, score(one)))
  } else if (value instanceof HashValue) {
    for (const field of value.fields) xorPair(digest, field, value.get(field) as string)
  } else if (value instanceof StreamValue) {
    for (const [id, { pairs }] of value.entries.ascend(MIN_ID, MAX_ID)) {
      digest.mix(formatId(id).replace('-', '.'))
      for (const part of pairs) digest.mix(part)
    }
  } else if (value instanceof ModuleValue) for (const part of value.digestParts()) digest.mix(part)
  else if (typeof value === 'string' || 'peek' in value) digest.mix(textOf(value))
}

function addKey(digest: Digest, database: Database, key: string): void {
  const value = database.peek(key)
  if (value === undefined) return
  addValue(digest, value)
  if (database.expiry(key) !== NO_EXPIRY) digest.xor('!!expire!!')
}

/** DEBUG DIGEST-VALUE: of a value and whether it expires; zeros for an absent key. */
export function digestOfKey(database: Database, key: string): string {
  const digest = new Digest()
  addKey(digest, database, key)
  return digest.bytes.toString('hex')
}

/** DEBUG DIGEST: of all keys of all databases, which must be in memory. */
export function digestOfAll(databases: readonly Database[]): string {
  const all = new Digest()
  for (const database of databases) {
    if (database.table.size === 0) continue
    all.mix(number(database.index))
    for (const key of [...database.table.loadedKeys]) {
      const one = new Digest()
      one.mix(key)
      addKey(one, database, key)
      if (database.has(key)) all.xor(one.bytes)
    }
  }
  return all.bytes.toString('hex')
}
