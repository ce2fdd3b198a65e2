import { VirtualClock } from '@ashlar/codec'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'

describe('CLIENT TRACKING', () => {
  let server: RespServer
  let reader: RawClient
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })

  beforeEach(async () => {
    server = await createServer({ port: 0, clock })
    reader = await RawClient.connect(server.address.port as number)
    await reader.call('HELLO', '3')
  })

  afterEach(async () => {
    reader.close()
    await server.close()
  })

  const invalidated = (...keys: string[]): string =>
    `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('')}`

  test('tells once of a key that was read, and not of others', async () => {
    await server.execute(['MSET', 'a', '1', 'b', '1'])
    await reader.call('CLIENT', 'TRACKING', 'ON')
    await reader.call('GET', 'a')
    await server.execute(['SET', 'b', '2'])
    await server.execute(['SET', 'a', '2'])
    await server.execute(['SET', 'a', '3'])
    expect(await reader.next()).toBe(invalidated('a'))
    expect(await reader.call('PING')).toBe('+PONG\r\n')
  })

  test('broadcasts by prefix, without the own changes under NOLOOP', async () => {
    await reader.call('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'user:', 'NOLOOP')
    await reader.call('SET', 'user:own', '1')
    await server.execute(['MSET', 'user:1', '1', 'other', '1', 'user:2', '1'])
    expect(await reader.next()).toBe(invalidated('user:1', 'user:2'))
  })

  test('OPTIN and OPTOUT take what CLIENT CACHING says, for one command', async () => {
    await server.execute(['MSET', 'a', '1', 'b', '1'])
    await reader.call('CLIENT', 'TRACKING', 'ON', 'OPTIN')
    await reader.call('GET', 'a')
    await reader.call('CLIENT', 'CACHING', 'YES')
    await reader.call('GET', 'b')
    await server.execute(['MSET', 'a', '2', 'b', '2'])
    expect(await reader.next()).toBe(invalidated('b'))
    expect(await reader.call('PING')).toBe('+PONG\r\n')
  })

  test('redirects to a RESP2 client that subscribed', async () => {
    const listener = await RawClient.connect(server.address.port as number)
    const id = (await listener.call('CLIENT', 'ID')).slice(1, -2)
    await listener.call('SUBSCRIBE', '__redis__:invalidate')
    await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)
    await reader.call('GET', 'a')
    await server.execute(['SET', 'a', '1'])
    expect(await listener.next()).toBe(
      '*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n',
    )
    listener.close()
  })

  test('expiry and FLUSHALL count as changes', async () => {
    await server.execute(['SET', 'a', '1', 'PX', 100])
    await reader.call('CLIENT', 'TRACKING', 'ON')
    await reader.call('GET', 'a')
    await clock.advance(200)
    expect(await reader.next()).toBe(invalidated('a'))
    await server.execute(['FLUSHALL'])
    expect(await reader.next()).toBe('>2\r\n$10\r\ninvalidate\r\n_\r\n')
  })

  test('beyond tracking-table-max-keys the first keys are invalidated', async () => {
    await server.execute(['CONFIG', 'SET', 'tracking-table-max-keys', '2'])
    await reader.call('CLIENT', 'TRACKING', 'ON')
    for (const key of ['a', 'b', 'c']) await reader.call('GET', key)
    expect(await reader.next()).toBe(invalidated('a'))
  })
})
