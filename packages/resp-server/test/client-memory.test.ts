import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'

const connect = (server: RespServer): Promise<RawClient> =>
  RawClient.connect(server.address.port as number)

const evicted = async (server: RespServer): Promise<number> => {
  const info = String(await server.execute(['INFO', 'stats']))
  return Number(/^evicted_clients:(\d+)/m.exec(info)?.[1])
}

/** What CLIENT LIST says of a client, by its name. */
async function field(server: RespServer, name: string, of: string): Promise<number | undefined> {
  const lines = String(await server.execute(['CLIENT', 'LIST'])).split('\n')
  const line = lines.find((one) => one.includes(` name=${name} `))
  return line === undefined ? undefined : Number(new RegExp(` ${of}=(\\d+)`).exec(line)?.[1])
}

/** A client that has sent part of a request, and is known to hold it. */
async function holding(
  server: RespServer,
  name: string,
  bytes: number,
  before = 'PING',
): Promise<RawClient> {
  const client = await connect(server)
  await client.call(...before.split(' '))
  await client.call('CLIENT', 'SETNAME', name)
  client.write(`*2\r\n$${bytes}\r\n${'v'.repeat(bytes)}`)
  while ((await field(server, name, 'qbuf')) !== bytes) {
    if (client.isClosed) return client
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return client
}

test('clients that take too much together are closed, the largest first, and only so many', async () => {
  await using server = await createServer({ port: 0, config: { 'maxmemory-clients': '4mb' } })
  await holding(server, 'small', 300_000)
  const large = await holding(server, 'large', 3_000_000)
  expect(await evicted(server)).toBe(0)
  await holding(server, 'middle', 1_000_000)
  expect(await large.next()).toBe('closed')
  expect(await field(server, 'large', 'qbuf')).toBeUndefined()
  expect(await field(server, 'middle', 'tot-mem')).toBeGreaterThan(1_000_000)
  expect(await field(server, 'small', 'tot-mem')).toBeGreaterThan(300_000)
  expect(await evicted(server)).toBe(1)
  await server.execute(['CONFIG', 'SET', 'maxmemory-clients', '500kb'])
  expect(await field(server, 'middle', 'qbuf')).toBeUndefined()
  expect(await field(server, 'small', 'qbuf')).toBeGreaterThan(0)
})

test('what a client asks to be kept counts: queued commands, watched keys, subscriptions', async () => {
  await using server = await createServer({ port: 0, config: { 'maxmemory-clients': '1mb' } })
  const queuing = await connect(server)
  await queuing.call('MULTI')
  const value = 'x'.repeat(300_000)
  for (let n = 0; n < 3; n += 1) expect(await queuing.call('SET', 'k', value)).toBe('+QUEUED\r\n')
  expect(await queuing.call('SET', 'k', value)).toBe('closed')
  const asking = await connect(server)
  expect(await asking.call('SET', 'k', value)).toBe('+OK\r\n')
  expect(await asking.call('SET', 'k', 'x'.repeat(1024 * 1024 - 4000))).toBe('closed')
  expect(await server.execute(['STRLEN', 'k'])).toBe(value.length)
  await server.execute(['CONFIG', 'SET', 'maxmemory-clients', '200000'])
  for (const command of ['WATCH', 'SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE']) {
    const many = await connect(server)
    for (let n = 0; n < 5000; n += 100) {
      many.write(`${command} ${Array.from({ length: 100 }, (_, i) => n + i).join(' ')}\r\n`)
    }
    while ((await many.next()) !== 'closed');
  }
  expect(await evicted(server)).toBe(6)
})

test('a client that does not read is closed before all that waits for it takes too much', async () => {
  await using server = await createServer({ port: 0, config: { 'maxmemory-clients': '3mb' } })
  await server.execute(['SETRANGE', 'k', 200_000, 'v'])
  const deaf = await connect(server)
  await deaf.call('CLIENT', 'SETNAME', 'deaf')
  deaf.socket.pause()
  for (;;) {
    const bytes = await field(server, 'deaf', 'tot-mem')
    if (bytes === undefined) break
    expect(bytes).toBeLessThan(3 * 1024 * 1024)
    deaf.write('GET k\r\n')
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  expect(await evicted(server)).toBe(1)
  deaf.close()
})

test('CLIENT NO-EVICT spares a client, and the limit may be a part of maxmemory', async () => {
  await using server = await createServer({ port: 0, config: { 'maxmemory-clients': '7%' } })
  const spared = await holding(server, 'spared', 500_000, 'CLIENT NO-EVICT on')
  const other = await holding(server, 'other', 100_000)
  expect(await evicted(server)).toBe(0)
  await server.execute(['CONFIG', 'SET', 'maxmemory', '6mb'])
  expect(await other.next()).toBe('closed')
  expect(await field(server, 'spared', 'qbuf')).toBe(500_000)
  expect(await server.execute(['CONFIG', 'GET', 'maxmemory-clients'])).toEqual(
    new Map([['maxmemory-clients', '7%']]),
  )
  await expect(server.execute(['CONFIG', 'SET', 'maxmemory-clients', '200%'])).rejects.toThrow(
    'percentage argument must be less or equal to 100',
  )
  await expect(server.execute(['CONFIG', 'SET', 'maxmemory-clients', 'some'])).rejects.toThrow(
    'argument must be a memory or percent value',
  )
  spared.close()
})

test('a server alone whose min-replicas-to-write is set takes no writes', async () => {
  await using server = await createServer({ config: { 'min-replicas-to-write': '1' } })
  const refused = 'NOREPLICAS Not enough good replicas to write.'
  const set = ['SET', 'x', '1']
  await expect(server.execute(set)).rejects.toThrow(refused)
  const read = "return redis.call('GET', 'x')"
  expect(await server.execute(['EVAL', read, 0])).toBeUndefined()
  expect(await server.execute(['EVAL', `#!lua flags=no-writes\n${read}`, 0])).toBeUndefined()
  await expect(server.execute(['EVAL', `#!lua\n${read}`, 0])).rejects.toThrow(refused)
  await expect(server.execute(['EVAL', "return redis.call('SET', 'x', 1)", 0])).rejects.toThrow(
    'NOREPLICAS',
  )
  await server.execute(['CONFIG', 'SET', 'min-replicas-max-lag', '0'])
  expect(await server.execute(set)).toBe('OK')
  await server.execute(['CONFIG', 'SET', 'min-replicas-max-lag', '10'])
  await expect(server.execute(set)).rejects.toThrow(refused)
  await server.execute(['CONFIG', 'SET', 'min-replicas-to-write', '0'])
  expect(await server.execute(set)).toBe('OK')
})
