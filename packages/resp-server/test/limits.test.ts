import { createServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'

test('one client too many is told so and closed', async () => {
  await using server = await createServer({ port: 0, maxClients: 2 })
  const port = server.address.port as number
  const clients = [await RawClient.connect(port), await RawClient.connect(port)]
  for (const client of clients) expect(await client.call('PING')).toBe('+PONG\r\n')
  const third = await RawClient.connect(port)
  expect(await third.next()).toBe('-ERR max number of clients reached\r\n')
  expect(await third.next()).toBe('closed')
  clients[0]?.close()
  const stats = await waitForStat(server, 'connected_clients', (count) => count <= 2)
  expect(stats).toBeLessThanOrEqual(2)
})

test('a subscriber that does not read is closed at its output limit, others live on', async () => {
  await using server = await createServer({
    port: 0,
    config: { 'client-output-buffer-limit': 'pubsub 1mb 0 0' },
  })
  const slow = await RawClient.connect(server.address.port as number)
  expect(await slow.call('SUBSCRIBE', 'news')).toContain('subscribe')
  slow.socket.pause()
  const message = 'x'.repeat(100_000)
  let receivers: unknown = 1
  for (let sent = 0; sent < 1000 && receivers === 1; sent += 1) {
    receivers = await server.execute(['PUBLISH', 'news', message])
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  expect(receivers).toBe(0)
  const info = String(await server.execute(['INFO', 'stats']))
  expect(info).toContain('client_output_buffer_limit_disconnections:1')
  slow.close()
})

test.each([
  ['HRANDFIELD', 'hash'],
  ['SRANDMEMBER', 'set'],
  ['ZRANDMEMBER', 'sorted'],
])('%s of a thousand million ends at the output limit, and others live on', async (name, key) => {
  await using server = await createServer({
    port: 0,
    config: { 'client-output-buffer-limit': 'normal 1mb 0 0' },
  })
  await server.execute(['HSET', 'hash', 'a', '1', 'b', '2'])
  await server.execute(['SADD', 'set', 'a', 'b'])
  await server.execute(['ZADD', 'sorted', '1', 'a', '2', 'b'])
  const greedy = await RawClient.connect(server.address.port as number)
  // the reply would be ten gigabytes; and what stands behind it in the pipeline does not run
  greedy.write(`${name} ${key} -999999999\r\nSET behind 1\r\n`)
  expect(await greedy.next()).toBe('closed')
  const info = String(await server.execute(['INFO', 'stats']))
  expect(info).toContain('client_output_buffer_limit_disconnections:1')
  expect(await server.execute(['EXISTS', 'behind'])).toBe(0)
  // replies made of values in memory have a limit of their own, in scripts as well
  await expect(server.execute([name, key, -999_999_999])).rejects.toThrow(/value is out of range/)
  const script = `return redis.call('${name}', KEYS[1], -999999999)`
  await expect(server.execute(['EVAL', script, 1, key])).rejects.toThrow(/value is out of range/)
  expect(await server.execute([name, key, -3])).toHaveLength(3)
  expect(await server.execute([name, key, 3])).toHaveLength(2)
})

test('a reply of many pieces up to the limit comes whole, one beyond it closes its client', async () => {
  await using server = await createServer({
    port: 0,
    config: { 'client-output-buffer-limit': 'normal 2000000 0 0' },
  })
  for (let n = 0; n < 20; n += 1) await server.execute(['RPUSH', 'list', 'x'.repeat(90_000)])
  const client = await RawClient.connect(server.address.port as number)
  const reply = await client.call('LRANGE', 'list', '0', '-1')
  expect(reply).toHaveLength(5 + 20 * (90_000 + 10))
  await server.execute([
    'RPUSH',
    'list',
    'x'.repeat(30_000),
    ...new Array(20).fill('y'.repeat(20_000)),
  ])
  expect(await client.call('LRANGE', 'list', '0', '-1')).toBe('closed')
})

test('a password is asked for, and small limits hold before it was given', async () => {
  await using server = await createServer({ port: 0, requirePass: 'secret' })
  const client = await RawClient.connect(server.address.port as number)
  expect(await client.call('GET', 'x')).toBe('-NOAUTH Authentication required.\r\n')
  expect(await client.call('AUTH', 'wrong')).toContain('-WRONGPASS')
  expect(await client.call('HELLO', '3')).toContain('-NOAUTH HELLO must be called')
  const greedy = await RawClient.connect(server.address.port as number)
  greedy.write('*11\r\n')
  expect(await greedy.next()).toBe('-ERR Protocol error: unauthenticated multibulk length\r\n')
  const wordy = await RawClient.connect(server.address.port as number)
  wordy.write('*1\r\n$16385\r\n')
  expect(await wordy.next()).toBe('-ERR Protocol error: unauthenticated bulk length\r\n')
  expect(await client.call('AUTH', 'default', 'secret')).toBe('+OK\r\n')
  expect(await client.call('GET', 'x')).toBe('$-1\r\n')
  client.close()
})

test('a request beyond the query buffer limit closes its client', async () => {
  await using server = await createServer({
    port: 0,
    config: { 'client-query-buffer-limit': '1mb' },
  })
  const client = await RawClient.connect(server.address.port as number)
  client.write('*2\r\n$4\r\nECHO\r\n$100000000\r\n')
  for (let sent = 0; sent < 40; sent += 1) client.write('x'.repeat(65_536))
  expect(await client.next()).toBe('closed')
})

async function waitForStat(
  server: { execute(args: string[]): Promise<unknown> },
  name: string,
  holds: (value: number) => boolean,
): Promise<number> {
  for (;;) {
    const info = String(await server.execute(['INFO']))
    const value = Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1])
    if (holds(value)) return value
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
