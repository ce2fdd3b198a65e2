import { RequestError } from '@ashlar/service-kit'
import type { RespValue } from '../protocol/value-writer.ts'
import type { CommandArgument } from '../server/in-process.ts'
import { bytesOf, listOf, textOf } from './json.ts'
import type { Session } from './session.ts'

/** Bytes of a string that one page holds, per `count`. */
const STRING_BYTES_PER_COUNT = 1024

type Page = Readonly<Record<string, unknown>>
type Reader = (
  session: Session,
  key: CommandArgument,
  cursor: string,
  count: number,
) => Promise<Page>

/** A page of what a key holds; undefined when there is no such key. */
export async function readKey(
  session: Session,
  key: CommandArgument,
  cursor = '0',
  count = 100,
): Promise<Page | undefined> {
  await session.doNotTouch()
  const type = textOf(await session.run('TYPE', key))
  if (type === 'none') return undefined
  const ttl = await session.run('PTTL', key)
  const page = (await READERS[type]?.(session, key, cursor, count)) ?? {}
  const name = typeof key === 'object' ? bytesOf(Buffer.from(key)) : String(key)
  return { key: name, type, ttlMs: typeof ttl === 'number' && ttl >= 0 ? ttl : null, ...page }
}

const READERS: Readonly<Record<string, Reader>> = {
  async string(session, key, cursor, count) {
    const length = Number(await session.run('STRLEN', key))
    const start = offset(cursor)
    const end = Math.min(length, start + count * STRING_BYTES_PER_COUNT)
    const value = bytesOf(await session.run('GETRANGE', key, start, end - 1))
    return { length, value, ...more(end, length) }
  },
  async hash(session, key, cursor, count) {
    const length = await session.run('HLEN', key)
    const [next, found] = listOf(await session.run('HSCAN', key, cursor, 'COUNT', count))
    const fields = pairs(listOf(found)).map(([field, value]) => ({
      field: bytesOf(field),
      value: bytesOf(value),
    }))
    return { length, fields, ...scanned(next) }
  },
  async list(session, key, cursor, count) {
    const length = Number(await session.run('LLEN', key))
    const start = offset(cursor)
    const items = listOf(await session.run('LRANGE', key, start, start + count - 1)).map(bytesOf)
    return { length, items, ...more(start + count, length) }
  },
  async set(session, key, cursor, count) {
    const length = await session.run('SCARD', key)
    const [next, found] = listOf(await session.run('SSCAN', key, cursor, 'COUNT', count))
    return { length, members: listOf(found).map(bytesOf), ...scanned(next) }
  },
  async zset(session, key, cursor, count) {
    const length = Number(await session.run('ZCARD', key))
    const start = offset(cursor)
    const found = await session.run('ZRANGE', key, start, start + count - 1, 'WITHSCORES')
    const scored = scoresOf(listOf(found)).map(([member, score]) => ({
      member: bytesOf(member),
      score: numberOf(score),
    }))
    return { length, scored, ...more(start + count, length) }
  },
  async stream(session, key, cursor, count) {
    const length = await session.run('XLEN', key)
    const from = cursor === '0' ? '-' : `(${cursor}`
    const found = listOf(await session.run('XRANGE', key, from, '+', 'COUNT', count))
    const entries = found.map((entry) => {
      const [id, fields] = listOf(entry)
      return { id: textOf(id), fields: listOf(fields).map(bytesOf) }
    })
    const last = entries.at(-1)?.id
    return { length, entries, ...(entries.length === count && last && { cursor: last }) }
  },
}

function offset(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new RequestError(400, 'REQUEST_INVALID', 'the cursor is none of this key')
}

const more = (next: number, length: number): Page => (next < length ? { cursor: String(next) } : {})

function scanned(next: RespValue): Page {
  const cursor = textOf(next)
  return cursor === '0' ? {} : { cursor }
}

function pairs(flat: readonly RespValue[]): [RespValue, RespValue][] {
  const found: [RespValue, RespValue][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) found.push([flat[at], flat[at + 1]])
  return found
}

/** RESP3 nests members and scores, RESP2 does not. */
function scoresOf(found: readonly RespValue[]): (readonly [RespValue, RespValue])[] {
  if (!Array.isArray(found[0])) return pairs(found)
  return found.map((one) => {
    const [member, score] = listOf(one)
    return [member, score]
  })
}

/** JSON has no infinities: those come as text. */
function numberOf(score: RespValue): number | string {
  const value = typeof score === 'number' ? score : Number(textOf(score))
  return Number.isFinite(value) ? value : textOf(score)
}
