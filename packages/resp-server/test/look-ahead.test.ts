import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Table } from '../src/keyspace/table.ts'
import { LookAhead } from '../src/protocol/look-ahead.ts'
import { RequestParser } from '../src/protocol/request-parser.ts'
import { hashBytes } from '../src/values/string-hash.ts'

const encode = (request: readonly string[]): string =>
  `*${request.length}\r\n${request.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`

function keysOf(ahead: LookAhead, bytes: Buffer): string[] {
  return Array.from({ length: ahead.count }, (_, at) =>
    bytes.toString('latin1', ahead.starts[at], ahead.ends[at]),
  )
}

describe('looking ahead', () => {
  test('sees the keys of whole requests, and the same key again only once', () => {
    const requests = [
      ['GET', 'a'],
      ['SET', 'a', 'x'],
      ['MSET', 'b', '1', 'c', '2'],
      ['PING'],
      ['mget', 'd', 'e', 'f'],
      ['HSET', 'h', 'field', 'value'],
    ]
    const text = requests.map(encode).join('')
    const bytes = Buffer.from(`${text}*2\r\n$3\r\nGET\r\n$5\r\nhal`)
    const ahead = new LookAhead()
    expect(ahead.scan(bytes, 0, bytes.length)).toBe(bytes.length)
    expect(keysOf(ahead, bytes)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'h'])
    const starts = [...ahead.starts.subarray(0, ahead.count)]
    expect(ahead.take(starts[1] as number)).toBe(1)
    // one that was passed by, and one that is none
    expect(ahead.take(starts[0] as number)).toBe(-1)
    expect(ahead.take((starts[2] as number) + 1)).toBe(-1)
  })

  test('stops where it has enough', () => {
    const bytes = Buffer.from(
      Array.from({ length: 100 }, (_, n) => encode(['GET', `${n}`])).join(''),
    )
    const ahead = new LookAhead()
    const stop = ahead.scan(bytes, 0, bytes.length)
    expect(keysOf(ahead, bytes)).toEqual(Array.from({ length: 32 }, (_, n) => `${n}`))
    ahead.scan(bytes, stop, bytes.length)
    expect(keysOf(ahead, bytes)[0]).toBe('32')
  })

  test('ends on any bytes, within them', () => {
    const piece = fc.constantFrom('*', '$', '\r\n', '1', '2', '3', '-', 'MSET', 'k', '99999999999')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const bytes = Buffer.from(pieces.join(''))
        const ahead = new LookAhead()
        const stop = ahead.scan(bytes, 0, bytes.length)
        expect(stop).toBeLessThanOrEqual(bytes.length)
        for (let at = 0; at < ahead.count; at += 1) {
          expect(ahead.starts[at]).toBeLessThanOrEqual(ahead.ends[at] as number)
          expect(ahead.ends[at]).toBeLessThan(bytes.length)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a parser that knows names', () => {
  const word = fc.constantFrom(
    'MSET',
    'GET',
    'del',
    'HSET',
    'k:1',
    'k:22',
    'k:333',
    '',
    'x'.repeat(70),
  )
  const request = fc.array(word, { minLength: 1, maxLength: 8 })

  test('reads what was sent, in whatever pieces, and leads to the slots of the keys', () => {
    // many: only then does it look ahead
    const table = new Table(0, undefined, 0)
    for (let n = 0; n < 5000; n += 1) table.insert(`k:${n}`, `${n}`, Number.POSITIVE_INFINITY)
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
              for (const text of next) {
                const slot = table.slot(text as string)
                if (slot !== -1) expect(table.keyAt(slot)).toBe(text)
                else expect(text).not.toMatch(/^k:/)
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

  test('hashes keys as those who look for them', () => {
    const table = new Table(0, undefined, 0)
    const bytes = Buffer.from(['a', 'bb', 'ccc'].map((key) => encode(['GET', key])).join(''))
    table.ahead.scan(bytes, 0, bytes.length)
    table.warm(bytes)
    const { starts, ends, hashes, count } = table.ahead
    expect(count).toBe(3)
    for (let at = 0; at < count; at += 1) {
      expect(hashes[at]).toBe(hashBytes(bytes, starts[at] as number, ends[at] as number))
    }
  })
})
