import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sendAndWait } from './support/blocked.ts'
import { RawClient } from './support/raw-client.ts'

describe('clients that wait', () => {
  let server: RespServer
  const clients: RawClient[] = []

  const client = async (): Promise<RawClient> => {
    const made = await RawClient.connect(server.address.port as number)
    clients.push(made)
    return made
  }

  const wait = (waiter: RawClient, ...args: string[]) => sendAndWait(server, waiter, ...args)

  beforeAll(async () => {
    server = await createServer({ port: 0 })
  })

  beforeEach(async () => {
    await server.execute(['FLUSHALL'])
  })

  afterAll(async () => {
    for (const made of clients) made.close()
    await server.close()
  })

  test('are served first come first served, one element each', async () => {
    const replies: Promise<string>[] = []
    for (let n = 0; n < 3; n += 1) {
      const { reply } = await wait(await client(), 'BLPOP', 'queue', '0')
      replies.push(reply)
    }
    expect(await server.execute(['RPUSH', 'queue', 'a', 'b', 'c', 'd'])).toBe(4)
    const expected = ['a', 'b', 'c'].map((item) => `*2\r\n$5\r\nqueue\r\n$1\r\n${item}\r\n`)
    expect(await Promise.all(replies)).toEqual(expected)
    expect(await server.execute(['LRANGE', 'queue', '0', '-1'])).toEqual(['d'])
  })

  test('are served after the transaction that made the key ready has ended', async () => {
    const { reply } = await wait(await client(), 'BLPOP', 'a', 'b', '0')
    const writer = server.createClient()
    for (const request of [
      ['MULTI'],
      ['RPUSH', 'b', '1'],
      ['RPUSH', 'a', '2'],
      ['DEL', 'b'],
      ['EXEC'],
    ]) {
      await writer.execute(request)
    }
    expect(await reply).toBe('*2\r\n$1\r\na\r\n$1\r\n2\r\n')
    writer.close()
  })

  test('BLMOVE feeds the next waiter in turn', async () => {
    const { reply: last } = await wait(await client(), 'BRPOP', 'three', '0')
    const { reply: second } = await wait(
      await client(),
      'BLMOVE',
      'two',
      'three',
      'LEFT',
      'LEFT',
      '0',
    )
    const { reply: first } = await wait(await client(), 'BRPOPLPUSH', 'one', 'two', '0')
    await server.execute(['LPUSH', 'one', 'x'])
    expect(await first).toBe('$1\r\nx\r\n')
    expect(await second).toBe('$1\r\nx\r\n')
    expect(await last).toBe('*2\r\n$5\r\nthree\r\n$1\r\nx\r\n')
    expect(await server.execute(['DBSIZE'])).toBe(0)
  })

  test('are woken by RENAME, COPY and SWAPDB as by a push', async () => {
    await server.execute(['RPUSH', 'source', '1', '2'])
    const { reply: copied } = await wait(await client(), 'BLPOP', 'copy', '0')
    await server.execute(['COPY', 'source', 'copy'])
    expect(await copied).toContain('$4\r\ncopy')
    const { reply: renamed } = await wait(await client(), 'BLPOP', 'name', '0')
    await server.execute(['RENAME', 'source', 'name'])
    expect(await renamed).toContain('$1\r\n1\r\n')
    const { reply: swapped } = await wait(await client(), 'BZPOPMIN', 'z', '0')
    const other = server.createClient()
    await other.execute(['SELECT', '9'])
    await other.execute(['ZADD', 'z', '1.5', 'm'])
    await other.execute(['SWAPDB', '0', '9'])
    expect(await swapped).toBe('*3\r\n$1\r\nz\r\n$1\r\nm\r\n$3\r\n1.5\r\n')
    other.close()
  })

  test('a key of another type leaves them waiting', async () => {
    const { reply } = await wait(await client(), 'BLPOP', 'key', '0')
    await server.execute(['ZADD', 'key', '1', 'x'])
    await server.execute(['DEL', 'key'])
    await server.execute(['RPUSH', 'key', 'item'])
    expect(await reply).toContain('item')
  })

  test('BLMOVE onto another type answers an error and keeps the element', async () => {
    await server.execute(['SET', 'target', 'x'])
    const { reply } = await wait(await client(), 'BLMOVE', 'source', 'target', 'LEFT', 'LEFT', '0')
    await server.execute(['RPUSH', 'source', 'item'])
    expect(await reply).toContain('-WRONGTYPE')
    expect(await server.execute(['LRANGE', 'source', '0', '-1'])).toEqual(['item'])
  })

  test('requests sent while waiting run afterwards, in order', async () => {
    const waiter = await client()
    const { reply } = await wait(waiter, 'BLPOP', 'key', '0')
    const later = waiter.pipeline([
      ['ECHO', '1'],
      ['LLEN', 'key'],
      ['ECHO', '2'],
    ])
    await server.execute(['RPUSH', 'key', 'a', 'b'])
    expect(await reply).toContain('$1\r\na\r\n')
    expect(await later).toEqual(['$1\r\n1\r\n', ':1\r\n', '$1\r\n2\r\n'])
  })

  test('give up when their time is up, or when told to', async () => {
    const timed = await client()
    expect(await timed.call('BLPOP', 'nothing', '0.01')).toBe('*-1\r\n')
    const waiter = await client()
    const id = (await waiter.call('CLIENT', 'ID')).slice(1, -2)
    const { reply: first } = await wait(waiter, 'BZPOPMAX', 'nothing', '0')
    expect(await server.execute(['CLIENT', 'UNBLOCK', id])).toBe(1)
    expect(await first).toBe('*-1\r\n')
    const { reply: second } = await wait(waiter, 'BLMPOP', '0', '1', 'nothing', 'LEFT')
    expect(await server.execute(['CLIENT', 'UNBLOCK', id, 'ERROR'])).toBe(1)
    expect(await second).toBe('-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n')
    expect(await server.execute(['CLIENT', 'UNBLOCK', id])).toBe(0)
  })

  test('one who hangs up takes no element with it', async () => {
    const gone = await client()
    await wait(gone, 'BLPOP', 'key', '0')
    gone.close()
    for (;;) {
      const info = String(await server.execute(['INFO', 'clients']))
      if (info.includes('blocked_clients:0')) break
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    await server.execute(['RPUSH', 'key', 'kept'])
    expect(await server.execute(['LLEN', 'key'])).toBe(1)
  })

  test('the in-process client waits as well', async () => {
    const waiter = server.createClient()
    const reply = waiter.execute(['BLMPOP', '0', '2', 'x', 'y', 'RIGHT', 'COUNT', '5'])
    const after = waiter.execute(['ECHO', 'later'])
    await server.execute(['RPUSH', 'y', '1', '2'])
    expect(await reply).toEqual(['y', ['2', '1']])
    expect(await after).toBe('later')
    waiter.close()
  })
})
