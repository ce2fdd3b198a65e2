import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'

/** Bytes that no client should send, and some that look as if. */
const MALFORMED: readonly (readonly [string, string])[] = [
  ['a count that is no number', '*foo\r\n'],
  ['a count out of bounds', '*3000000000\r\n'],
  ['a negative count', '*-10\r\nPING\r\n'],
  ['no count at all', '*\r\nPING\r\n'],
  ['an empty array', '*0\r\nPING\r\n'],
  ['a word where a length should be', '*1\r\nPING\r\n'],
  ['an integer where a length should be', '*2\r\n$4\r\nECHO\r\n:5\r\n'],
  ['a length that is no number', '*2\r\n$3\r\nGET\r\n$foo\r\n'],
  ['a negative length', '*2\r\n$3\r\nGET\r\n$-5\r\n'],
  ['a length out of bounds', '*2\r\n$3\r\nGET\r\n$2000000000\r\n'],
  ['unbalanced quotes', 'SET foo "bar\r\n'],
  ['text after a quote', 'SET foo "bar"baz\r\n'],
  ['an inline request without end', 'x'.repeat(70_000)],
  ['a count without end', `*${'1'.repeat(70_000)}`],
  ['a length without end', `*1\r\n$${'1'.repeat(70_000)}`],
  ['blank lines', '\r\n\r\n  \r\nPING\r\n'],
  ['an inline request', 'ECHO "a\\x41\\n b" \r\n'],
  ['single quotes', "ECHO 'it\\'s'\r\n"],
  ['line feeds alone', 'PING\nPING\n'],
]

describe('malformed bytes', () => {
  let server: RespServer
  let port: number
  let real: RealRedis

  beforeAll(async () => {
    real = await RealRedis.start()
    server = await createServer({ port: 0, config: { 'proto-max-bulk-len': '64mb' } })
    port = server.address.port as number
  })

  afterAll(async () => {
    await server.close()
    await real.stop()
  })

  test.each(MALFORMED)('%s: answered as redis-server answers', async (_, bytes) => {
    const answers = await Promise.all(
      [real.port, port].map(async (target) => {
        const client = await RawClient.connect(target)
        client.write(bytes)
        // what has no end gets none: else the answer depends on how much is read at once
        if (bytes.includes('\n') && bytes.length < 65_536) client.write('*1\r\n$4\r\nPING\r\n')
        const seen: string[] = []
        for (let count = 0; count < 6; count += 1) {
          const reply = await client.next()
          seen.push(reply)
          if (reply === 'closed' || reply === '+PONG\r\n') break
        }
        client.close()
        return seen
      }),
    )
    expect(answers[1]).toEqual(answers[0])
    const other = await RawClient.connect(port)
    expect(await other.call('PING')).toBe('+PONG\r\n')
    other.close()
  })

  test('a request may come in any pieces', async () => {
    const client = await RawClient.connect(port)
    const bytes =
      '*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\na\r\nb\0\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n'
    for (const byte of bytes) {
      client.write(byte)
      await new Promise<void>((resolve) => client.socket.write('', () => resolve()))
    }
    expect(await client.next()).toBe('+OK\r\n')
    expect(await client.next()).toBe('$5\r\na\r\nb\0\r\n')
    client.close()
  })

  test('values of many sizes come back as they went in, whichever way bytes are read', async () => {
    const stream = await createServer({ port: 0, readPath: 'stream' })
    for (const target of [port, stream.address.port as number]) {
      const client = await RawClient.connect(target)
      for (const size of [0, 1, 32 * 1024 - 1, 32 * 1024, 65_536, 300_000, 5_000_000]) {
        const value = Buffer.alloc(size, 'a\r\nb\0\xff', 'latin1')
        expect(await client.call('SET', 'big', value)).toBe('+OK\r\n')
        expect(await client.call('GET', 'big')).toBe(`$${size}\r\n${value.toString('latin1')}\r\n`)
      }
      client.close()
    }
    await stream.close()
  })

  test('pipelined requests are answered in order, large and small mixed', async () => {
    const client = await RawClient.connect(port)
    const requests = Array.from({ length: 3000 }, (_, n) =>
      n % 500 === 0 ? ['ECHO', 'x'.repeat(40_000) + n] : ['ECHO', String(n)],
    )
    const replies = await client.pipeline(requests)
    replies.forEach((reply, n) => {
      expect(reply.endsWith(`${n}\r\n`)).toBe(true)
    })
    client.close()
  })

  test('one who talks HTTP is closed at once', async () => {
    const client = await RawClient.connect(port)
    client.write('POST / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    let last = await client.next()
    while (last !== 'closed') last = await client.next()
    expect(client.isClosed).toBe(true)
  })
})
