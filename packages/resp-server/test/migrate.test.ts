import { once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'

const run = (server: RespServer, text: string): Promise<unknown> => server.execute(text.split(' '))

async function pair() {
  const source = await createServer({ port: 0 })
  const target = await createServer({ port: 0 })
  return {
    source,
    target,
    at: `127.0.0.1 ${target.address.port}`,
    async [Symbol.asyncDispose]() {
      await source.close()
      await target.close()
    },
  }
}

test('keys move with their values and times, and are gone where they were', async () => {
  await using servers = await pair()
  const { source, target, at } = servers
  await run(source, 'SET a one PX 100000')
  await run(source, 'RPUSH b x y')
  await run(source, 'HSET c f v')
  expect(await run(source, `MIGRATE ${at} a 0 1000`)).toBe('OK')
  expect(
    await source.execute(['MIGRATE', ...at.split(' '), '', 0, 1000, 'KEYS', 'b', 'none', 'c']),
  ).toBe('OK')
  expect(await run(source, 'DBSIZE')).toBe(0)
  expect(await run(target, 'GET a')).toBe('one')
  expect(await run(target, 'PTTL a')).toBeGreaterThan(1000)
  expect(await run(target, 'LRANGE b 0 -1')).toEqual(['x', 'y'])
  expect(await run(target, 'TYPE c')).toBe('hash')
  expect(await run(source, `MIGRATE ${at} nothing 0 1000`)).toBe('NOKEY')
})

test('COPY leaves the key, REPLACE is needed for one that is there, a refusal loses nothing', async () => {
  await using servers = await pair()
  const { source, target, at } = servers
  await run(source, 'SET a new')
  await run(source, 'SET b other')
  await run(target, 'SET a old')
  await expect(
    source.execute(['MIGRATE', ...at.split(' '), '', 0, 1000, 'KEYS', 'a', 'b']),
  ).rejects.toThrow('Target instance replied with error: BUSYKEY')
  expect(await run(source, 'EXISTS a b')).toBe(1)
  expect(await run(target, 'GET b')).toBe('other')
  expect(await run(source, `MIGRATE ${at} a 0 1000 COPY REPLACE`)).toBe('OK')
  expect(await run(source, 'GET a')).toBe('new')
  expect(await run(target, 'GET a')).toBe('new')
})

test('a target that is not there, is silent, or wants a password is told, and the key stays', async () => {
  await using source = await createServer()
  await using target = await createServer({ port: 0, requirePass: 'secret' })
  const silent = createTcpServer()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const silentPort = typeof address === 'object' && address !== null ? address.port : 0
  await run(source, 'SET a one')
  await expect(run(source, 'MIGRATE 127.0.0.1 1 a 0 1000')).rejects.toThrow(/^IOERR/)
  await expect(run(source, `MIGRATE 127.0.0.1 ${silentPort} a 0 50`)).rejects.toThrow(/^IOERR/)
  const { port } = target.address
  await expect(run(source, `MIGRATE 127.0.0.1 ${port} a 0 1000`)).rejects.toThrow('NOAUTH')
  await expect(run(source, `MIGRATE 127.0.0.1 ${port} a 99 1000 AUTH secret`)).rejects.toThrow(
    'out of range',
  )
  await expect(run(source, `MIGRATE 127.0.0.1 ${port} a 0 1000 KEYS a`)).rejects.toThrow(
    'empty string',
  )
  expect(await run(source, 'GET a')).toBe('one')
  expect(await run(source, `MIGRATE 127.0.0.1 ${port} a 0 1000 AUTH2 default secret`)).toBe('OK')
  expect(await target.execute(['GET', 'a'])).toBe('one')
  const client = source.createClient()
  await client.execute(['MULTI'])
  await client.execute(['MIGRATE', '127.0.0.1', '1', 'a', '0', '10'])
  expect(String(await client.execute(['EXEC']))).toContain('within MULTI')
  silent.close()
})
