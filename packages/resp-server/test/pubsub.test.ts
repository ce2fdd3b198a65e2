import { createServer, type RespServer, type RespValue } from '@ashlar/resp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'

describe('pub/sub', () => {
  let server: RespServer
  let port: number

  beforeAll(async () => {
    server = await createServer({ port: 0 })
    port = server.address.port as number
  })

  afterAll(() => server.close())

  test('channels and patterns each get a message once, RESP2 as arrays', async () => {
    const client = await RawClient.connect(port)
    expect(await client.call('SUBSCRIBE', 'news')).toBe(
      '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n',
    )
    expect(await client.call('PSUBSCRIBE', 'n*')).toContain(':2\r\n')
    expect(await server.execute(['PUBLISH', 'news', 'hello'])).toBe(2)
    expect(await client.next()).toBe('*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n')
    expect(await client.next()).toBe(
      '*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$5\r\nhello\r\n',
    )
    expect(await client.call('GET', 'x')).toContain("-ERR Can't execute 'get'")
    expect(await client.call('PING')).toBe('*2\r\n$4\r\npong\r\n$0\r\n\r\n')
    expect(await client.call('UNSUBSCRIBE')).toContain(':1\r\n')
    expect(await client.call('PUNSUBSCRIBE')).toContain(':0\r\n')
    expect(await client.call('GET', 'x')).toBe('$-1\r\n')
    client.close()
  })

  test('RESP3 clients get pushes and may send anything', async () => {
    const client = await RawClient.connect(port)
    await client.call('HELLO', '3')
    expect(await client.call('SSUBSCRIBE', 'shard')).toBe(
      '>3\r\n$10\r\nssubscribe\r\n$5\r\nshard\r\n:1\r\n',
    )
    expect(await client.call('SUBSCRIBE', 'self')).toContain('>3')
    expect(await client.call('SET', 'x', '1')).toBe('+OK\r\n')
    expect(await server.execute(['SPUBLISH', 'shard', 'm'])).toBe(1)
    expect(await client.next()).toBe('>3\r\n$8\r\nsmessage\r\n$5\r\nshard\r\n$1\r\nm\r\n')
    expect(await server.execute(['PUBSUB', 'NUMSUB', 'self', 'none'])).toEqual([
      'self',
      1,
      'none',
      0,
    ])
    expect(await server.execute(['PUBSUB', 'SHARDCHANNELS'])).toEqual(['shard'])
    client.close()
  })

  test('the in-process client gets pushes; one that closes is forgotten', async () => {
    const client = server.createClient()
    const messages: RespValue[][] = []
    client.onPush = (items) => messages.push(items)
    await client.execute(['SUBSCRIBE', 'in', 'out'])
    await server.execute(['PUBLISH', 'in', 'käse'])
    expect(messages.at(-1)).toEqual(['message', 'in', 'käse'])
    client.close()
    expect(await server.execute(['PUBLISH', 'in', 'x'])).toBe(0)
    expect(await server.execute(['PUBSUB', 'CHANNELS', 'in'])).toEqual([])
  })
})
