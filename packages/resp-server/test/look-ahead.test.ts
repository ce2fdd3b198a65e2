import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Table } from '../src/keyspace/table.ts'
import { NO_EXPIRY } from '../src/keyspace/value.ts'
import { LookAhead, type NamesAhead } from '../src/protocol/look-ahead.ts'
import { RequestParser } from '../src/protocol/request-parser.ts'
import { NO_PLAN, planOf } from '../src/protocol/request-plan.ts'
import { HashValue } from '../src/values/hash-value.ts'
import { SetValue } from '../src/values/set-value.ts'
import { SortedSetValue } from '../src/values/sorted-set-value.ts'
import { hashBytes } from '../src/values/string-hash.ts'

const encode = (request: readonly string[]): string =>
  `*${request.length}\r\n${request.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

function textsOf({ starts, ends, count }: NamesAhead, bytes: Buffer): string[] {
  return Array.from({ length: count }, (_, at) => bytes.toString('latin1', starts[at], ends[at]))
}

describe('looking ahead', () => {
  test('sees the keys of whole requests, and the same key again only once', () => {
    const requests = [
      ['GET', 'a'],
      ['SET', 'a', 'x'],
      ['PING'],
      ['HSET', 'h', 'field', 'value'],
      ['GET', 'x'.repeat(65)],
    ]
    const text = requests.map(encode).join('')
    const bytes = Buffer.from(`${text}*2\r\n$3\r\nGET\r\n$5\r\nhal`)
    const ahead = new LookAhead()
    expect(ahead.scan(bytes, 0, bytes.length, NO_PLAN)).toBe(bytes.length)
    expect(textsOf(ahead.keys, bytes)).toEqual(['a', 'h'])
    expect(ahead.elements.count).toBe(0)
    const starts = [...ahead.keys.starts.subarray(0, ahead.keys.count)]
    expect(ahead.keys.take((starts[1] as number) + 1)).toBe(-1)
    expect(ahead.keys.take(starts[1] as number)).toBe(1)
    // one that was passed by
    expect(ahead.keys.take(starts[0] as number)).toBe(-1)
  })

  test('sees several keys of a request, or an element of each collection', () => {
    const ahead = new LookAhead()
    const sets = Buffer.from(encode(['MSET', 'b', '1', 'c', '2']) + encode(['MSET', 'd', '3']))
    ahead.scan(sets, 0, sets.length, planOf('MSET'))
    expect(textsOf(ahead.keys, sets)).toEqual(['b', 'c', 'd'])
    const adds = Buffer.from(
      [
        ['ZADD', 'z', '1', 'm'],
        ['ZADD', 'z', '2', 'n'],
        ['ZADD', 'y', '3', 'o', '4', 'p'],
      ]
        .map(encode)
        .join(''),
    )
    ahead.scan(adds, 0, adds.length, planOf('zadd'))
    expect(textsOf(ahead.keys, adds)).toEqual(['z', 'y'])
    expect(textsOf(ahead.elements, adds)).toEqual(['m', 'n', 'o'])
    expect([...ahead.elements.owners.subarray(0, 3)]).toEqual([0, 0, 1])
  })

  test('stops where it has enough', () => {
    const bytes = Buffer.from(
      Array.from({ length: 100 }, (_, n) => encode(['GET', `${n}`])).join(''),
    )
    const ahead = new LookAhead()
    const stop = ahead.scan(bytes, 0, bytes.length, NO_PLAN)
    expect(textsOf(ahead.keys, bytes)).toEqual(Array.from({ length: 32 }, (_, n) => `${n}`))
    ahead.scan(bytes, stop, bytes.length, NO_PLAN)
    expect(textsOf(ahead.keys, bytes)[0]).toBe('32')
  })

  test('ends on any bytes, within them', () => {
    const piece = fc.constantFrom('*', '$', '\r\n', '1', '2', '3', '-', 'MSET', 'k', '99999999999')
    const plan = fc.constantFrom(NO_PLAN, planOf('mset'), planOf('del'), planOf('zadd'))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), plan, (pieces, as) => {
        const bytes = Buffer.from(pieces.join(''))
        const ahead = new LookAhead()
        const stop = ahead.scan(bytes, 0, bytes.length, as)
        expect(stop).toBeLessThanOrEqual(bytes.length)
        for (const { starts, ends, count } of [ahead.keys, ahead.elements]) {
          for (let at = 0; at < count; at += 1) {
            expect(starts[at]).toBeLessThanOrEqual(ends[at] as number)
            expect(ends[at]).toBeLessThan(bytes.length)
          }
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a parser that knows names', () => {
  const key = fc.constantFrom('k:1', 'k:22', 'k:333', 'set', 'hash', 'zset', '', 'x'.repeat(70))
  const element = fc.constantFrom('e:1', 'e:22', 'e:4999', 'none', '', 'y'.repeat(70), 'k:1')
  const request = fc.oneof(
    fc.tuple(fc.constantFrom('GET', 'get', 'INCR'), key),
    fc.tuple(fc.constantFrom('SADD', 'HGET', 'hdel', 'ZSCORE'), key, element),
    fc.tuple(fc.constantFrom('ZADD', 'zincrby', 'HSET'), key, element, element),
    fc
      .tuple(
        fc.constantFrom('MSET', 'del', 'MGET', 'ZADD', 'PING'),
        fc.array(key, { maxLength: 7 }),
      )
      .map(([name, keys]) => [name, ...keys]),
  )

  /** Many of all: only then does it look ahead. */
  function largeTable(): Table {
    const table = new Table(0, undefined, 0)
    for (let n = 0; n < 5000; n += 1) table.insert(`k:${n}`, `${n}`, NO_EXPIRY)
    const [set, hash, zset] = [new SetValue(), new HashValue(), new SortedSetValue()]
    for (let n = 0; n < 5000; n += 1) {
      set.add(`e:${n}`)
      hash.set(`e:${n}`, `${n}`)
      zset.set(`e:${n}`, n)
    }
    table.insert('set', set, NO_EXPIRY)
    table.insert('hash', hash, NO_EXPIRY)
    table.insert('zset', zset, NO_EXPIRY)
    return table
  }

  test('reads what was sent, in whatever pieces, and leads to the keys and elements', () => {
    const table = largeTable()
    expect(table.isLarge).toBe(true)
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
        (requests, sizes) => {
          const bytes = Buffer.from(requests.map(encode).join(''))
          const parser = new RequestParser(1024 * 1024)
          const read: unknown[] = []
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = sizes[turn % sizes.length] as number
            // the memory of a chunk is another's after it
            const chunk = Buffer.from(bytes.subarray(at, at + size))
            parser.feed(chunk, chunk.length)
            parser.resume()
            parser.useNames(table)
            for (let next = parser.next(); next !== undefined; next = parser.next()) {
              read.push(next)
              for (const text of next as string[]) {
                const slot = table.slot(text)
                if (slot !== -1) expect(table.keyAt(slot)).toBe(text)
                else expect(text).not.toMatch(/^k:/)
                for (const owner of ['set', 'hash', 'zset']) {
                  const has = table.elementsOf(owner)?.has(text)
                  expect(has).toBe(/^e:\d+$/.test(text))
                }
              }
            }
            parser.keep()
            parser.useNames(undefined)
            chunk.fill(0)
            at += size
          }
          expect(read).toEqual(requests)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('hashes names as those who look for them', () => {
    const table = largeTable()
    const requests = ['e:1', 'e:2', 'none'].map((member) => encode(['SADD', 'set', member]))
    const bytes = Buffer.from(encode(['GET', 'k:7']) + requests.join(''))
    table.ahead.scan(bytes, 0, bytes.length, planOf('SADD'))
    table.warm(bytes)
    expect([table.ahead.keys.count, table.ahead.elements.count]).toEqual([2, 3])
    for (const { starts, ends, hashes, count } of [table.ahead.keys, table.ahead.elements]) {
      for (let at = 0; at < count; at += 1) {
        expect(hashes[at]).toBe(hashBytes(bytes, starts[at] as number, ends[at] as number))
      }
    }
  })
})
