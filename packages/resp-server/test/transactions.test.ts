import { VirtualClock } from '@ashlar/codec'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'

describe('MULTI, EXEC and WATCH', () => {
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  let server: RespServer
  let one: RawClient

  beforeAll(async () => {
    server = await createServer({ port: 0, clock })
    one = await RawClient.connect(server.address.port as number)
  })

  beforeEach(async () => {
    await server.execute(['FLUSHALL'])
  })

  afterAll(async () => {
    one.close()
    await server.close()
  })

  test('a command refused while queueing spoils the whole transaction', async () => {
    await one.call('MULTI')
    expect(await one.call('SET', 'a', '1')).toBe('+QUEUED\r\n')
    expect(await one.call('NOSUCH')).toContain('-ERR unknown command')
    expect(await one.call('EXEC')).toBe(
      '-EXECABORT Transaction discarded because of previous errors.\r\n',
    )
    expect(await server.execute(['EXISTS', 'a'])).toBe(0)
  })

  test('a command that fails while running stops nothing', async () => {
    await one.call('MULTI')
    for (const request of [
      ['SET', 'a', '1'],
      ['LPUSH', 'a', 'x'],
      ['INCR', 'a'],
    ]) {
      await one.call(...request)
    }
    const reply = await one.call('EXEC')
    expect(reply).toContain('+OK\r\n-WRONGTYPE')
    expect(reply.endsWith(':2\r\n')).toBe(true)
  })

  test.each([
    ['a write by another', ['SET', 'key', 'other']],
    ['a write of the same value', ['SET', 'key', 'value']],
    ['a deletion', ['DEL', 'key']],
    ['an element', ['RPUSH', 'list', 'x']],
    ['an expiry', ['EXPIRE', 'key', '100']],
    ['FLUSHDB', ['FLUSHDB']],
    ['SWAPDB', ['SWAPDB', '0', '1']],
    ['RENAME over it', ['RENAME', 'other', 'key']],
  ])('%s to a watched key lets EXEC answer null', async (_, change) => {
    await server.execute(['SET', 'key', 'value'])
    await server.execute(['SET', 'other', 'value'])
    await server.execute(['RPUSH', 'list', '1'])
    await one.call('WATCH', 'key', 'list')
    await server.execute(change)
    await one.call('MULTI')
    await one.call('SET', 'mine', '1')
    expect(await one.call('EXEC')).toBe('*-1\r\n')
    await one.call('MULTI')
    await one.call('PING')
    expect(await one.call('EXEC')).toBe('*1\r\n+PONG\r\n')
  })

  test('a watched key that expires lets EXEC answer null, an expired one does not', async () => {
    await server.execute(['SET', 'key', 'value', 'PX', '50'])
    await one.call('WATCH', 'key')
    clock.step(100)
    await one.call('MULTI')
    await one.call('PING')
    expect(await one.call('EXEC')).toBe('*-1\r\n')
  })

  test('UNWATCH, DISCARD and an EXEC forget what was watched', async () => {
    for (const forget of ['UNWATCH', 'DISCARD']) {
      await one.call('WATCH', 'key')
      if (forget === 'DISCARD') await one.call('MULTI')
      await one.call(forget)
      await server.execute(['SET', 'key', forget])
      await one.call('MULTI')
      await one.call('GET', 'key')
      expect(await one.call('EXEC')).toContain(forget)
    }
  })

  test('blocking commands do not wait inside', async () => {
    await one.call('MULTI')
    for (const request of [
      ['BLPOP', 'x', '0'],
      ['BLMOVE', 'x', 'y', 'LEFT', 'LEFT', '0'],
    ]) {
      await one.call(...request)
    }
    expect(await one.call('EXEC')).toBe('*2\r\n*-1\r\n$-1\r\n')
  })

  test('what may not be queued is refused', async () => {
    await one.call('MULTI')
    expect(await one.call('MULTI')).toBe('-ERR MULTI calls can not be nested\r\n')
    expect(await one.call('WATCH', 'x')).toBe('-ERR WATCH inside MULTI is not allowed\r\n')
    expect(await one.call('SAVE')).toBe('-ERR Command not allowed inside a transaction\r\n')
    expect(await one.call('DISCARD')).toBe('+OK\r\n')
    expect(await one.call('EXEC')).toBe('-ERR EXEC without MULTI\r\n')
  })
})

test('keys expire to the millisecond, asked for or not', async () => {
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  await using server = await createServer({ clock })
  await server.execute(['SET', 'lazy', '1', 'PX', '1000'])
  await server.execute(['RPUSH', 'list', '1'])
  await server.execute(['PEXPIRE', 'list', '5000'])
  clock.step(1000)
  expect(await server.execute(['GET', 'lazy'])).toBe('1')
  expect(await server.execute(['PTTL', 'lazy'])).toBe(0)
  clock.step(1)
  expect(await server.execute(['GET', 'lazy'])).toBeUndefined()
  expect(await server.execute(['DBSIZE'])).toBe(1)
  // nobody asks for the list
  await clock.advance(5000)
  expect(await server.execute(['DBSIZE'])).toBe(0)
  expect(String(await server.execute(['INFO', 'stats']))).toContain('expired_keys:2')
})
